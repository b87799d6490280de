"""IAM: functions and services do what policies allow, and nothing else."""

import base64
import functools
import json
import uuid
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.cloud import REGION, ROLE, LocalCloud, SharedCloudTest, create_table
from tests.functions import create_python_function, package

HERE = "eu-west-1:000000000000"
CALL = """
import boto3
def handler(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["call"])(**event["parameters"])
    except client.exceptions.ClientError as error:
        return "{Code}: {Message}".format(**error.response["Error"])
    return "allowed"
"""
FAILS = "def handler(event, context):\n    raise ValueError\n"
ANSWERS = "def handler(event, context):\n    print('called')\n    return {'statusCode': 200, 'body': '{}'}\n"


def permissions(cloud: LocalCloud, method: str = "GET") -> dict[str, list[dict[str, Any]]]:
    """Returns the grants and the denials."""
    return dict(json.loads(cloud.request(method, "/_gridbid/permissions").text))


def denied(cloud: LocalCloud, principal: str) -> set[tuple[str, str]]:
    """Returns the actions and resources that a role or service was denied."""
    denials = permissions(cloud)["denials"]
    return {(each["action"], each["resource"]) for each in denials if each["principal"] == principal}


class AuthorizationTest(SharedCloudTest):
    def setUp(self) -> None:
        self.name = f"test-{uuid.uuid4().hex[:12]}"

    def wait_for_denial(self, principal: str, action: str, resource: str) -> None:
        self.cloud.wait_until(
            lambda: (action, resource) in denied(self.cloud, principal),
            f"{principal} is denied {action} on {resource}",
            20,
        )


class FunctionTest(AuthorizationTest):
    def setUp(self) -> None:
        super().setUp()
        self.role = self.cloud.role(self.name)
        create_python_function(self.cloud, self.name, CALL, role=self.role, Timeout=30)

    def call(self, service: str, call: str, **parameters: Any) -> str:
        event = json.dumps({"service": service, "call": call, "parameters": parameters})
        answer = self.cloud.client("lambda").invoke(FunctionName=self.name, Payload=event)
        return str(json.load(answer["Payload"]))

    def assert_needs(self, grants: dict[str, str], service: str, call: str, **parameters: Any) -> None:
        """Checks that a call is denied without each of the grants, and allowed with all of them."""
        for missing in grants:
            self.cloud.role(self.name, {action: arn for action, arn in grants.items() if action != missing})
            answer = self.call(service, call, **parameters)
            self.assertRegex(answer, "^(AccessDenied|AccessDeniedException|AuthorizationError): ")
            self.assertIn(f"assumed-role/{self.name}/{self.name} is not authorized to perform: {missing}", answer)
            self.assertIn((missing, grants[missing]), denied(self.cloud, self.name))
        self.cloud.role(self.name, grants)
        self.assertEqual(self.call(service, call, **parameters), "allowed")

    def test_function_calls_only_what_its_role_allows(self) -> None:
        create_table(self.cloud.client("dynamodb"), self.name)
        self.cloud.client("s3").create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        topic = self.cloud.client("sns").create_topic(Name=self.name)["TopicArn"]
        queue = self.cloud.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        secret = self.cloud.client("secretsmanager").create_secret(Name=self.name, SecretString="value")["ARN"]
        table, item = f"arn:aws:dynamodb:{HERE}:table/{self.name}", {"id": {"S": "one"}}
        self.assert_needs({"dynamodb:PutItem": table}, "dynamodb", "put_item", TableName=self.name, Item=item)
        self.assert_needs(
            {"dynamodb:ConditionCheckItem": table, "dynamodb:PutItem": table},
            "dynamodb",
            "transact_write_items",
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": self.name,
                        "Key": item,
                        "ConditionExpression": "attribute_exists(id)",
                    }
                },
                {"Put": {"TableName": self.name, "Item": {"id": {"S": "two"}}}},
            ],
        )
        self.assert_needs(
            {"s3:PutObject": f"arn:aws:s3:::{self.name}/a/b"},
            "s3",
            "put_object",
            Bucket=self.name,
            Key="a/b",
            Body="text",
        )
        self.assert_needs({"s3:ListBucket": f"arn:aws:s3:::{self.name}"}, "s3", "list_objects_v2", Bucket=self.name)
        self.assert_needs({"sns:Publish": topic}, "sns", "publish", TopicArn=topic, Message="text")
        self.assert_needs(
            {"sqs:SendMessage": f"arn:aws:sqs:{HERE}:{self.name}"},
            "sqs",
            "send_message",
            QueueUrl=queue,
            MessageBody="text",
        )
        self.assert_needs(
            {"sqs:SendMessage": f"arn:aws:sqs:{HERE}:{self.name}"},
            "sqs",
            "send_message_batch",
            QueueUrl=queue,
            Entries=[{"Id": "0", "MessageBody": "text"}],
        )
        self.assert_needs(
            {"secretsmanager:GetSecretValue": secret}, "secretsmanager", "get_secret_value", SecretId=secret
        )

    def test_missing_object_is_reported_only_to_who_may_list_the_bucket(self) -> None:
        self.cloud.client("s3").create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        bucket = f"arn:aws:s3:::{self.name}"
        self.cloud.role(self.name, {"s3:GetObject": f"{bucket}/*"})
        self.assertRegex(self.call("s3", "get_object", Bucket=self.name, Key="a/b"), "^AccessDenied: ")
        self.assertIn(("s3:ListBucket", bucket), denied(self.cloud, self.name))
        self.cloud.role(self.name, {"s3:GetObject": f"{bucket}/*", "s3:ListBucket": bucket})
        self.assertRegex(self.call("s3", "get_object", Bucket=self.name, Key="a/b"), "^NoSuchKey: ")

    def test_log_lines_need_a_grant(self) -> None:
        logs = self.cloud.client("logs")
        group = f"/aws/lambda/{self.name}"
        self.call("sts", "get_caller_identity")
        self.assertEqual(logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"], [])
        arn = f"arn:aws:logs:{HERE}:log-group:{group}:*"
        self.cloud.role(self.name, {"logs:CreateLogStream": arn, "logs:PutLogEvents": arn})
        self.call("sts", "get_caller_identity")
        self.assertNotEqual(logs.filter_log_events(logGroupName=group)["events"], [])

    def test_use_of_grants_is_recorded(self) -> None:
        create_table(self.cloud.client("dynamodb"), self.name)
        table = f"arn:aws:dynamodb:{HERE}:table/{self.name}"
        self.cloud.role(self.name, {"dynamodb:GetItem": table, "dynamodb:PutItem": table})
        self.call("dynamodb", "get_item", TableName=self.name, Key={"id": {"S": "one"}})
        grants = permissions(self.cloud)["grants"]
        used = {each["action"]: each["is_used"] for each in grants if each["role"] == self.name}
        self.assertEqual(used, {"dynamodb:GetItem": True, "dynamodb:PutItem": False, "sts:GetCallerIdentity": False})

    def test_denials_are_forgotten_on_request(self) -> None:
        self.call("sqs", "list_queues")
        self.assertEqual(denied(self.cloud, self.name), {("sqs:ListQueues", "*"), *self.logs_denials()})
        self.assertEqual(permissions(self.cloud, "DELETE")["denials"], [])

    def logs_denials(self) -> set[tuple[str, str]]:
        stream = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{self.name}:log-stream:[$LATEST]"
        return {("logs:CreateLogStream", stream)}


class DeploymentTest(AuthorizationTest):
    """What a role that deploys may create, and under which conditions."""

    def session(self, *statements: dict[str, Any]) -> boto3.Session:
        """Returns a session of a role with these statements."""
        iam = self.cloud.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        policy = {"Version": "2012-10-17", "Statement": [trust]}
        arn = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(policy))["Role"]["Arn"]
        self.grant(*statements)
        given = self.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="deploy")["Credentials"]
        return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def grant(self, *statements: dict[str, Any]) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
        self.cloud.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="deploy", PolicyDocument=json.dumps(policy)
        )

    def client(self, session: boto3.Session, service: str) -> Any:
        return session.client(service, REGION, endpoint_url=self.cloud.url)

    def test_role_is_created_only_under_the_boundary(self) -> None:
        boundary = self.cloud.client("iam").create_policy(
            PolicyName=self.name,
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
            ),
        )["Policy"]["Arn"]
        condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        actions = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        iam = self.client(self.session({"Action": actions, "Resource": "*", "Condition": condition}), "iam")
        new = {**ROLE, "RoleName": f"{self.name}-new"}
        policy = {"PolicyName": "p", "PolicyDocument": admitting_all()}
        for refused in (
            lambda: iam.create_role(**new),
            lambda: iam.put_role_policy(RoleName=self.name, **policy),
        ):
            with self.assertRaisesRegex(ClientError, "AccessDenied"):
                refused()
        iam.create_role(**new, PermissionsBoundary=boundary)
        iam.put_role_policy(RoleName=new["RoleName"], **policy)
        other = "arn:aws:iam::aws:policy/AdministratorAccess"
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            iam.put_role_permissions_boundary(RoleName=new["RoleName"], PermissionsBoundary=other)
        iam.put_role_permissions_boundary(RoleName=self.name, PermissionsBoundary=boundary)

    def test_function_is_created_only_with_a_role_that_may_be_passed(self) -> None:
        function = f"arn:aws:lambda:{HERE}:function:{self.name}"
        role = self.cloud.role(f"{self.name}-function")
        create = {"Action": "lambda:CreateFunction", "Resource": function}
        functions = self.client(self.session(create), "lambda")
        new = {
            "FunctionName": self.name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": package("index.py", ANSWERS)},
        }
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            functions.create_function(**new)
        self.assertEqual(denied(self.cloud, self.name), {("iam:PassRole", role)})
        passed_to = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
        self.grant(create, {"Action": "iam:PassRole", "Resource": role, "Condition": passed_to})
        functions.create_function(**new)
        for action, call in (
            ("GetAlias", lambda: functions.get_alias(FunctionName=self.name, Name="live")),
            ("GetFunctionConcurrency", lambda: functions.get_function_concurrency(FunctionName=self.name)),
        ):
            with self.assertRaisesRegex(ClientError, f"lambda:{action} "):
                call()

    def test_mapping_is_created_and_read_only_for_an_own_function(self) -> None:
        own = create_python_function(self.cloud, f"{self.name}-own", ANSWERS)
        other = create_python_function(self.cloud, f"other-{self.name}", ANSWERS)
        self.cloud.client("sqs").create_queue(QueueName=self.name)
        queue = f"arn:aws:sqs:{HERE}:{self.name}"
        condition = {"ArnLike": {"lambda:FunctionArn": f"arn:aws:lambda:{HERE}:function:{self.name}-*"}}
        actions = ["lambda:CreateEventSourceMapping", "lambda:GetEventSourceMapping"]
        functions = self.client(self.session({"Action": actions, "Resource": "*", "Condition": condition}), "lambda")
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            functions.create_event_source_mapping(EventSourceArn=queue, FunctionName=other)
        mapping = functions.create_event_source_mapping(EventSourceArn=queue, FunctionName=own)["UUID"]
        functions.get_event_source_mapping(UUID=mapping)

    def test_every_claim_of_a_token_counts(self) -> None:
        issuer = "token.actions.githubusercontent.com"
        iam, sts = self.cloud.client("iam"), self.cloud.client("sts")
        provider = iam.create_open_id_connect_provider(Url=f"https://{issuer}")["OpenIDConnectProviderArn"]
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{issuer}:ref": "refs/heads/main"}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]

        def assume(ref: str) -> None:
            claims = {"iss": f"https://{issuer}", "sub": "repo:example/gridbid", "aud": "sts.amazonaws.com", "ref": ref}
            parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "none"}, claims)]
            sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName="deploy", WebIdentityToken=".".join([*parts, "unsigned"])
            )

        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            assume("refs/heads/other")
        assume("refs/heads/main")

    def test_unknown_call_is_denied(self) -> None:
        session = self.session({"Action": "lambda:GetFunction", "Resource": "*"})
        access_key = session.get_credentials().access_key
        scope = f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{REGION}/lambda/aws4_request"
        headers = {"Authorization": f"{scope}, SignedHeaders=host, Signature=0"}
        self.assertEqual(self.cloud.request("PATCH", "/2015-03-31/functions/one", headers).status, 403)
        self.assertEqual(self.cloud.request("GET", "/2015-03-31/functions/one", headers).status, 404)

    def test_resources_are_named_as_in_policies(self) -> None:
        rule = f"arn:aws:events:{HERE}:rule/{self.name}"
        schedule = f"arn:aws:scheduler:{HERE}:schedule/{self.name}/{self.name}"
        role = self.cloud.role(f"{self.name}-schedule")
        topic = self.cloud.client("sns").create_topic(Name=self.name)["TopicArn"]
        session = self.session(
            {"Action": ["events:PutRule", "events:PutTargets", "events:ListTagsForResource"], "Resource": rule},
            {"Action": ["scheduler:CreateSchedule", "scheduler:GetSchedule"], "Resource": schedule},
            {"Action": "iam:PassRole", "Resource": role},
            {"Action": "sns:ListTagsForResource", "Resource": topic},
        )
        events, scheduler = self.client(session, "events"), self.client(session, "scheduler")
        events.put_rule(Name=self.name, EventPattern=json.dumps({"source": [self.name]}))
        events.put_targets(Rule=self.name, Targets=[{"Id": "topic", "Arn": topic}])
        events.list_tags_for_resource(ResourceARN=rule)
        self.cloud.client("scheduler").create_schedule_group(Name=self.name)
        scheduler.create_schedule(
            Name=self.name,
            GroupName=self.name,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": topic, "RoleArn": role},
        )
        scheduler.get_schedule(Name=self.name, GroupName=self.name)
        self.client(session, "sns").list_tags_for_resource(ResourceArn=topic)
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            scheduler.get_schedule(Name=self.name)


class ServiceTest(AuthorizationTest):
    def queue(self, name: str) -> tuple[str, str]:
        return self.cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:{HERE}:{name}"

    def messages(self, url: str) -> list[dict[str, Any]]:
        return list(self.cloud.client("sqs").receive_message(QueueUrl=url).get("Messages", []))

    def run_task(self, resource: str, parameters: dict[str, Any], grants: dict[str, str]) -> dict[str, Any]:
        """Runs a state machine of one task under a role with these grants. Returns the ended execution."""
        states = self.cloud.client("stepfunctions")
        task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
        machine = states.create_state_machine(
            name=f"machine-{uuid.uuid4().hex}",
            definition=json.dumps({"StartAt": "Task", "States": {"Task": task}}),
            roleArn=self.cloud.role(self.name, grants),
        )["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine)["executionArn"]

        def ended() -> dict[str, Any] | None:
            execution: dict[str, Any] = states.describe_execution(executionArn=arn)
            return None if execution["status"] == "RUNNING" else execution

        return dict(self.cloud.wait_until(ended, "the execution ends"))

    def test_state_machine_does_only_what_its_role_allows(self) -> None:
        create_table(self.cloud.client("dynamodb"), self.name)
        function = create_python_function(self.cloud, self.name, ANSWERS)
        table = f"arn:aws:dynamodb:{HERE}:table/{self.name}"
        key = {"TableName": self.name, "Key": {"id": {"S": "one"}}}
        query = {
            "TableName": self.name,
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": "one"}},
        }
        for resource, parameters, action, target, error in (
            (
                "lambda:invoke",
                {"FunctionName": function},
                "lambda:InvokeFunction",
                function,
                "Lambda.AWSLambdaException",
            ),
            ("dynamodb:getItem", key, "dynamodb:GetItem", table, "DynamoDB.AmazonDynamoDBException"),
            ("aws-sdk:dynamodb:query", query, "dynamodb:Query", table, "DynamoDb.DynamoDbException"),
        ):
            with self.subTest(resource):
                ended = self.run_task(f"arn:aws:states:::{resource}", parameters, {})
                self.assertEqual((ended["status"], ended["error"]), ("FAILED", error), ended)
                self.assertIn(f"not authorized to perform: {action} on resource: {target}", ended["cause"])
                ended = self.run_task(f"arn:aws:states:::{resource}", parameters, {action: target})
                self.assertEqual(ended["status"], "SUCCEEDED", ended)

    def test_task_whose_policy_is_not_evaluated_fails(self) -> None:
        ended = self.run_task("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "text"}, {})
        self.assertEqual(ended["error"], "States.Runtime")
        self.assertIn("evaluates no policy", ended["cause"])

    def test_pipe_waits_for_its_grants(self) -> None:
        url, queue = self.queue(self.name)
        table = self.cloud.client("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        stream = table["TableDescription"]["LatestStreamArn"]
        reads = dict.fromkeys(("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"), stream)
        grants = {**reads, "dynamodb:ListStreams": "*", "sqs:SendMessage": queue}
        self.cloud.client("pipes").create_pipe(
            Name=self.name,
            Source=stream,
            Target=queue,
            RoleArn=self.cloud.role(self.name),
            SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        )
        self.cloud.client("dynamodb").put_item(TableName=self.name, Item={"id": {"S": "one"}})
        for missing, resource in grants.items():
            self.cloud.role(self.name, {action: arn for action, arn in grants.items() if action != missing})
            self.wait_for_denial(self.name, missing, resource)
        self.assertEqual(self.messages(url), [])
        self.cloud.role(self.name, grants)
        self.cloud.wait_until(lambda: self.messages(url), "the record is delivered")

    def test_mapping_waits_for_its_grants(self) -> None:
        url, queue = self.queue(self.name)
        grants = dict.fromkeys(("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"), queue)
        create_python_function(self.cloud, self.name, ANSWERS, role=self.cloud.role(self.name))
        self.cloud.client("lambda").create_event_source_mapping(EventSourceArn=queue, FunctionName=self.name)
        self.cloud.client("sqs").send_message(QueueUrl=url, MessageBody="text")
        for missing in grants:
            self.cloud.role(self.name, {action: queue for action in grants if action != missing})
            self.wait_for_denial(self.name, missing, queue)
        self.assertEqual(self.count(url), 1)
        self.cloud.role(self.name, grants)
        self.cloud.wait_until(lambda: self.count(url) == 0, "the message is processed", 20)

    def count(self, url: str) -> int:
        """Returns the number of messages, received or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    def test_schedule_starts_only_what_its_role_allows(self) -> None:
        states, scheduler = self.cloud.client("stepfunctions"), self.cloud.client("scheduler")
        machine = states.create_state_machine(
            name=self.name,
            definition=json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}),
            roleArn=self.cloud.role(),
        )["stateMachineArn"]
        for role, grants in ((self.name, {}), (f"{self.name}-allowed", {"states:StartExecution": machine})):
            scheduler.create_schedule(
                Name=role,
                ScheduleExpression="at(2026-01-01T00:00:00)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": machine, "RoleArn": self.cloud.role(role, grants)},
            )
        self.wait_for_denial(self.name, "states:StartExecution", machine)
        executions = functools.partial(states.list_executions, stateMachineArn=machine)
        self.cloud.wait_until(lambda: executions()["executions"], "the execution is started", 20)
        self.assertEqual(len(executions()["executions"]), 1)

    def test_notification_reaches_only_a_function_that_admits_the_topic(self) -> None:
        functions, sns = self.cloud.client("lambda"), self.cloud.client("sns")
        logs = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{self.name}:*"
        role = self.cloud.role(self.name, {"logs:CreateLogStream": logs, "logs:PutLogEvents": logs})
        function = create_python_function(self.cloud, self.name, ANSWERS, role=role)
        topic = sns.create_topic(Name=self.name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        admit: dict[str, Any] = {
            "FunctionName": self.name,
            "StatementId": "topic",
            "Action": "lambda:InvokeFunction",
            "Principal": "sns.amazonaws.com",
        }
        functions.add_permission(**admit, SourceArn=topic + "-other")
        sns.publish(TopicArn=topic, Message="text")
        self.wait_for_denial("sns.amazonaws.com", "lambda:InvokeFunction", function)
        functions.remove_permission(FunctionName=self.name, StatementId="topic")
        functions.add_permission(**admit, SourceArn=topic)
        sns.publish(TopicArn=topic, Message="text")
        group = f"/aws/lambda/{self.name}"
        client = self.cloud.client("logs")
        self.cloud.wait_until(
            lambda: client.describe_log_groups(logGroupNamePrefix=group)["logGroups"], "the function is invoked"
        )

    def test_failed_event_reaches_only_a_queue_that_the_role_allows(self) -> None:
        url, queue = self.queue(self.name)
        functions = self.cloud.client("lambda")
        create_python_function(self.cloud, self.name, FAILS, role=self.cloud.role(self.name))
        functions.put_function_event_invoke_config(
            FunctionName=self.name,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )
        functions.invoke(FunctionName=self.name, InvocationType="Event")
        self.wait_for_denial(self.name, "sqs:SendMessage", queue)
        self.cloud.role(self.name, {"sqs:SendMessage": queue})
        functions.invoke(FunctionName=self.name, InvocationType="Event")
        self.cloud.wait_until(lambda: self.messages(url), "the event is in the queue")

    def test_api_invokes_only_a_function_that_admits_it(self) -> None:
        apis, functions = self.cloud.client("apigatewayv2"), self.cloud.client("lambda")
        function = create_python_function(self.cloud, self.name, ANSWERS)
        api = apis.create_api(Name=self.name, ProtocolType="HTTP")["ApiId"]
        integration = apis.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        apis.create_route(ApiId=api, RouteKey="GET /orders/{id}", Target=f"integrations/{integration}")
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        get = {"Host": f"{api}.execute-api.localhost:{self.cloud.port}"}
        self.assertEqual(self.cloud.request("GET", "/orders/a%0Ab", get).status, 500)
        self.assertIn(("lambda:InvokeFunction", function), denied(self.cloud, "apigateway.amazonaws.com"))
        functions.add_permission(
            FunctionName=self.name,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{HERE}:{api}/*/*",
        )
        self.assertEqual(self.cloud.request("GET", "/orders/a%0Ab", get).status, 200)

    def test_event_reaches_only_a_topic_that_admits_event_rules(self) -> None:
        events, sns = self.cloud.client("events"), self.cloud.client("sns")
        topic = sns.create_topic(Name=self.name)["TopicArn"]
        url, queue = self.queue(self.name)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        self.set_policy(url, "sns.amazonaws.com", "sqs:SendMessage", queue)
        events.put_rule(Name=self.name, EventPattern=json.dumps({"source": [self.name]}))
        events.put_targets(Rule=self.name, Targets=[{"Id": "topic", "Arn": topic}])
        entry = {"Source": self.name, "DetailType": "type", "Detail": "{}"}
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=admitting("budgets.amazonaws.com", "sns:Publish", topic),
        )
        events.put_events(Entries=[entry])
        self.wait_for_denial("events.amazonaws.com", "sns:Publish", topic)
        self.assertEqual(self.messages(url), [])
        sns.set_topic_attributes(
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=admitting("events.amazonaws.com", "sns:Publish", topic),
        )
        events.put_events(Entries=[entry])
        self.cloud.wait_until(lambda: self.messages(url), "the event is delivered")

    def set_policy(self, url: str, service: str, action: str, resource: str) -> None:
        policy = {"Policy": admitting(service, action, resource)}
        self.cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)


def admitting_all() -> str:
    """Returns a policy of a role that allows everything."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def admitting(service: str, action: str, resource: str) -> str:
    """Returns a resource policy that admits a service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
