"""Guard: requests that a web page could send are refused, requests of programs are not."""

import base64
import os
import socket
import unittest

from gridbid_cloud.guard import refusal
from tests.cloud import ROLE, SharedCloudTest

OWN = "127.0.0.1:4566"


def refused(host: str | None = OWN, **headers: str) -> bool:
    fields = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    pairs = [(name.encode(), value.encode()) for name, value in fields.items() if value is not None]
    return refusal({"headers": pairs}, 4566) is not None


class RefusalTest(unittest.TestCase):
    def test_own_hosts_are_allowed(self) -> None:
        for host in ["127.0.0.1:4566", "localhost", "LOCALHOST:1", "[::1]:4566", "a1b2c3d4.execute-api.localhost:4566"]:
            self.assertFalse(refused(host), host)

    def test_foreign_hosts_are_refused(self) -> None:
        for host in [
            None,
            "",
            "evil.example",
            "127.0.0.1.evil.example:4566",
            "localhost.evil.example",
            "evil@127.0.0.1",
        ]:
            self.assertTrue(refused(host), host)

    def test_own_origins_are_allowed(self) -> None:
        for origin in ["http://127.0.0.1:4566", "https://localhost:4566", "http://x.execute-api.localhost:4566"]:
            self.assertFalse(refused(origin=origin), origin)

    def test_foreign_origins_are_refused(self) -> None:
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://evil.example:4566",
            "http://127.0.0.1",
            "http://127.0.0.1:3000",
            "ftp://127.0.0.1:4566",
            "http://127.0.0.1:4566/path",
            "http://127.0.0.1:port",
        ]:
            self.assertTrue(refused(origin=origin), origin)

    def test_cross_site_requests_are_refused(self) -> None:
        self.assertFalse(refused(sec_fetch_site="same-origin"))
        self.assertFalse(refused(sec_fetch_site="none"))
        self.assertTrue(refused(sec_fetch_site="cross-site"))
        self.assertTrue(refused(sec_fetch_site="same-site"))


class GuardTest(SharedCloudTest):
    def assert_refused(self, method: str, headers: dict[str, str], body: bytes | None = None) -> None:
        response = self.cloud.request(method, "/", headers, body)
        self.assertEqual(response.status, 403, response.text)
        self.assertIn("refused", response.text)
        self.assertEqual([name for name in response.headers if name.lower().startswith("access-control")], [])

    def test_foreign_origin_creates_nothing(self) -> None:
        body = b"Action=CreateRole&Version=2010-05-08&RoleName=evil&AssumeRolePolicyDocument={}"
        headers = {"Origin": "http://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
        self.assert_refused("POST", headers, body)
        self.assertNotIn("evil", [role["RoleName"] for role in self.cloud.client("iam").list_roles()["Roles"]])

    def test_null_origin_is_refused(self) -> None:
        self.assert_refused("POST", {"Origin": "null"}, b"x" * 5_000_000)

    def test_preflight_is_refused(self) -> None:
        self.assert_refused("OPTIONS", {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})

    def test_foreign_host_is_refused(self) -> None:
        self.assert_refused("GET", {"Host": f"rebound.example:{self.cloud.port}"})

    def test_cross_site_get_is_refused(self) -> None:
        self.assert_refused("GET", {"Sec-Fetch-Site": "cross-site"})

    def test_foreign_websocket_is_refused(self) -> None:
        with socket.create_connection(("127.0.0.1", self.cloud.port), timeout=10) as connection:
            key = base64.b64encode(os.urandom(16)).decode()
            connection.sendall(
                f"GET /prod HTTP/1.1\r\nHost: a1b2c3d4.execute-api.localhost:{self.cloud.port}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\nOrigin: http://evil.example\r\n\r\n".encode()
            )
            self.assertIn(b" 403 ", connection.recv(4096).split(b"\r\n")[0])

    def test_sdks_and_curl_are_allowed(self) -> None:
        self.cloud.client("iam").create_role(**ROLE)
        self.assertEqual(self.cloud.request("GET", "/_ministack/health").status, 200)

    def test_endpoints_of_apis_are_allowed(self) -> None:
        gateway = self.cloud.client("apigatewayv2")
        api = gateway.create_api(Name="orders", ProtocolType="HTTP")
        gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
        headers = {"Host": f"{api['ApiId']}.execute-api.localhost:{self.cloud.port}"}
        response = self.cloud.request("GET", "/orders", headers)
        self.assertEqual((response.status, response.text), (404, '{"message":"Not Found"}'))
