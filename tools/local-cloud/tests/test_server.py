"""Server: long-lived connections, and responses in one segment."""

import socket
import threading
import time

from tests.cloud import CloudTest, SharedCloudTest

HEALTH = b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
# As the AWS SDK for Go sends it: the head and the body in two segments.
IDENTITY_HEAD = (
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/sts/aws4_request\r\n"
    b"Content-Length: %d\r\n\r\n" % len(IDENTITY)
)
THREADS, REQUESTS = 4, 1500


def ask_identity(connection: socket.socket) -> bytes:
    """Sends a request and returns the result of one read."""
    connection.sendall(IDENTITY_HEAD)
    connection.sendall(IDENTITY)
    return connection.recv(65536)


class ConnectionTest(SharedCloudTest):
    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.cloud.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.addCleanup(connection.close)
        return connection

    def test_connection_serves_thousands_of_requests_in_one_segment_each(self) -> None:
        lost: list[bytes] = []

        def work(connection: socket.socket) -> None:
            for _ in range(REQUESTS):
                response = ask_identity(connection)
                if b"connection: close" in response.lower() or not response.endswith(b"</GetCallerIdentityResponse>"):
                    lost.append(response)
                    return

        threads = [threading.Thread(target=work, args=[self.connect()]) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])

    def test_connection_ends_with_its_client(self) -> None:
        connection = self.connect()
        connection.sendall(HEALTH)
        self.assertIn(b"200 OK", connection.recv(65536))
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65536):
            pass


class StopTest(CloudTest):
    def test_idle_connections_do_not_delay_the_stop(self) -> None:
        self.cloud.start()
        connections = [socket.create_connection(("127.0.0.1", self.cloud.port), timeout=10) for _ in range(10)]
        for connection in connections:
            self.addCleanup(connection.close)
        for connection in connections[:5]:
            connection.sendall(HEALTH)
            connection.recv(65536)
        began = time.monotonic()
        self.assertEqual(self.cloud.stop(), 0)
        self.assertLess(time.monotonic() - began, 2.5)
