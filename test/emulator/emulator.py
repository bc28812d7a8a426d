"""An emulator of AWS on this machine, for test/emulator/run.ts.

It serves moto's S3, SSM, CloudFormation, Step Functions, Scheduler, SNS and CloudWatch in one HTTP server. A Lambda
function runs for real: the zip that `sls deploy` uploaded is unpacked, and Node processes call its handler.

    python emulator.py --port PORT --folder FOLDER --node NODE --sandbox lambda-sandbox.ts [--lambda-env JSON]

It serves on 127.0.0.1 until SIGTERM, and writes to FOLDER:
    functions/          the unpacked zips, one folder for each sandbox
    logs/<function>.log what a function printed
    logs/calls.jsonl    each request to AWS that a function made, for the check against the function's IAM role

Added to moto: RedriveExecution of a failed Task, nested executions (startExecution.sync:2), and fixes to what moto 5.2.5
gets wrong; each stands below with its reason. Not emulated: IAM isn't enforced, schedules and alarms don't fire, and
log groups stay empty.
"""

import argparse
import base64
import datetime
import io
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import types
import urllib.parse
import uuid
import zipfile

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--folder", required=True, help="for logs and unpacked functions")
arguments.add_argument("--node", required=True, help="the Node binary that runs the functions")
arguments.add_argument("--sandbox", required=True, help="lambda-sandbox.ts")
arguments.add_argument("--lambda-env", type=json.loads, default={}, help="JSON: more environment for each function")
OPTIONS = arguments.parse_args()

ENDPOINT = f"http://127.0.0.1:{OPTIONS.port}"
REGION = "us-east-1"
FUNCTIONS = os.path.join(OPTIONS.folder, "functions")
LOGS = os.path.join(OPTIONS.folder, "logs")
os.makedirs(FUNCTIONS, exist_ok=True)
os.makedirs(LOGS, exist_ok=True)

# moto reads these when it is imported.
os.environ.update(
    MOTO_PORT=str(OPTIONS.port), AWS_ACCESS_KEY_ID="ak", AWS_SECRET_ACCESS_KEY="sk", AWS_DEFAULT_REGION=REGION
)

import boto3
import moto.awslambda_simple.models as lambda_models
import moto.cloudformation.models as cfn_models
import moto.cloudformation.parsing as cfn_parsing
import moto.server
import moto.stepfunctions.models as sfn_models
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import s3_backends
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn as nested
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend import execution as sfn_execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import ActionResult, StepFunctionResponse

default_user_config["lambda"] = {"use_docker": False}
default_user_config["stepfunctions"] = {"execute_state_machine": True}

# --- CloudFormation -------------------------------------------------------------------------------------------------

# moto refuses a template for cfn-lint's warnings too; AWS doesn't.
lint_template = cfn_models.validate_template_cfn_lint


def lint_errors(template):
    return [match for match in lint_template(template) if str(getattr(match.rule, "id", "")).startswith("E")]


cfn_models.validate_template_cfn_lint = lint_errors


class SubTemplate:
    """Fn::Sub. moto takes Python's string.Template, which skips names that begin with a digit (serverless-step-functions
    makes such names) and turns $$ into $."""

    def __init__(self, text):
        self.text = text

    def safe_substitute(self, **values):
        for name, value in values.items():
            self.text = self.text.replace("${" + name + "}", value)
        return self.text


cfn_parsing.string = types.SimpleNamespace(Template=SubTemplate)

# moto loses a stack's outputs when it applies a change set.
apply_resources = cfn_models.ChangeSet.apply


def apply_change_set(self):
    apply_resources(self)
    self.stack.template = self.template
    self.stack._parse_template()
    self.stack.output_map = self.stack._create_output_map()


cfn_models.ChangeSet.apply = apply_change_set

# --- Step Functions -------------------------------------------------------------------------------------------------

# CloudFormation creates state machines in the backend that runs nothing; this is the one that runs them.
sfn_models.stepfunctions_backends = stepfunctions_parser_backends

# The grammar requires a decimal point in ToleratedFailurePercentage; JSON.stringify writes none for a whole number.
parse_definition = AmazonStateLanguageParser.parse
AmazonStateLanguageParser.parse = staticmethod(
    lambda definition: parse_definition(
        re.sub(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])', r"\1.0", definition)
    )
)

# moto refuses names that begin with States. as names of users' errors, and meets them when a Map has failed.
CustomErrorName.__init__ = lambda self, error_name: ErrorName.__init__(self, error_name=error_name)

# moto calls an execution that was started without a name None, and then refuses the next one.
start_named_execution = StepFunctionsParserBackend.start_execution


def start_execution(self, state_machine_arn, name=None, *args, **kwargs):
    return start_named_execution(self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs)


StepFunctionsParserBackend.start_execution = start_execution


# startExecution.sync:2. moto passes boto3 the parameters' names as ASL spells them (Name for name), so it can start
# nothing.
def sfn_client():
    return boto3.client("stepfunctions", region_name=REGION, endpoint_url=ENDPOINT)


def start_nested_execution(self, env, resource_runtime_part, normalised_parameters, state_credentials):
    parameters = {name[0].lower() + name[1:]: value for name, value in normalised_parameters.items()}
    parameters.setdefault("name", str(uuid.uuid4()))
    started = sfn_client().start_execution(**parameters)
    env.stack.append({"ExecutionArn": started["executionArn"], "StartDate": str(started["startDate"])})


def nested_execution_resolver(self, env, *args, **kwargs):
    arn = env.stack.pop()["ExecutionArn"]

    def resolve():
        """None while the execution runs, then what DescribeExecution says; an execution that failed fails the Task."""
        described = sfn_client().describe_execution(executionArn=arn)
        if described["status"] == "RUNNING":
            return None
        described.pop("ResponseMetadata", None)
        output = {
            name[0].upper() + name[1:]: str(value) if hasattr(value, "isoformat") else value
            for name, value in described.items()
        }
        if described["status"] == "SUCCEEDED":
            output["Output"] = json.loads(output["Output"])
            return output
        task_failed = StatesErrorNameType.StatesTaskFailed
        details = nested.TaskFailedEventDetails(
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
            error=task_failed.to_name(),
            cause=json.dumps(output),
        )
        raise nested.FailureEventException(
            nested.FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=task_failed),
                event_type=nested.HistoryEventType.TaskFailed,
                event_details=nested.EventDetails(taskFailedEventDetails=details),
            )
        )

    return resolve


nested.StateTaskServiceSfn._eval_service_task = start_nested_execution
nested.StateTaskServiceSfn._build_sync2_resolver = nested_execution_resolver

# RedriveExecution, which moto doesn't have. The state that failed is entered again with its input, as AWS does for a
# Task. A Map would run all its iterations again, where AWS runs only those that failed.
REDRIVABLE = ("FAILED", "TIMED_OUT", "ABORTED")
evaluation_environment = ExecutionWorker._get_evaluation_environment


def environment_with_redrive_count(self):
    env = evaluation_environment(self)
    env.states.context_object.context_object_data["Execution"]["RedriveCount"] = getattr(self, "redrives", 0)
    return env


ExecutionWorker._get_evaluation_environment = environment_with_redrive_count


def redrive_execution(self):
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if execution.status not in REDRIVABLE:
        raise ValueError(f"ExecutionNotRedrivable: {execution.status}")

    definition = json.loads(execution.state_machine.definition)
    history = execution.exec_worker.env.event_manager.get_event_history()
    entries = [event["stateEnteredEventDetails"] for event in history if event["type"].endswith("StateEntered")]
    last_entry = [entry for entry in entries if entry["name"] in definition["States"]][-1]
    definition["StartAt"] = last_entry["name"]

    machine = execution.get_start_state_machine_details()
    worker = ExecutionWorker(
        evaluation_details=sfn_execution.EvaluationDetails(
            aws_execution_details=execution._get_start_aws_execution_details(),
            execution_details=sfn_execution.ExecutionDetails(
                arn=execution.exec_arn,
                name=execution.name,
                role_arn=execution.role_arn,
                inpt=json.loads(last_entry["input"]),
                start_time=execution.start_date,
            ),
            state_machine_details=sfn_execution.StateMachineDetails(
                arn=machine.arn, name=machine.name, typ=machine.typ, definition=json.dumps(definition)
            ),
        ),
        exec_comm=execution._get_start_execution_worker_comm(),
        cloud_watch_logging_session=None,
        activity_store={},
    )
    execution.redrives = worker.redrives = getattr(execution, "redrives", 0) + 1
    execution.exec_worker = worker
    execution.error = execution.cause = execution.stop_date = None
    execution.exec_status = sfn_execution.ExecutionStatus.RUNNING
    worker.start()
    return ActionResult({"redriveDate": datetime.datetime.now(tz=datetime.timezone.utc)})


StepFunctionResponse.redrive_execution = redrive_execution
describe_without_redrives = StepFunctionResponse.describe_execution


def describe_execution(self):
    response = describe_without_redrives(self)
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    body = getattr(response, "_result", None) or getattr(response, "result", None)
    if isinstance(body, dict):
        body["redriveCount"] = getattr(execution, "redrives", 0)
        body["redriveStatus"] = "REDRIVABLE" if execution.status in REDRIVABLE else "NOT_REDRIVABLE"
    return response


StepFunctionResponse.describe_execution = describe_execution

# DescribeExecution is eventually consistent. The functions get old answers: an execution that has just started doesn't
# exist, and one that was just redriven has the state before.
NOT_SHOWN_SECONDS = 3
OLD_STATE_SECONDS = 10
describe_now = StepFunctionResponse.describe_execution


def body_of(response):
    return getattr(response, "_result", None) or getattr(response, "result", None)


def redrive_and_keep_old_state(self):
    old = dict(body_of(describe_now(self)))
    response = redrive_execution(self)
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    execution.before_redrive, execution.redriven_at = old, time.time()
    return response


def describe_for_functions(self):
    response = describe_now(self)
    signed = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
    if not signed or signed[1] not in function_names:
        return response
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if time.time() - execution.start_date.timestamp() < NOT_SHOWN_SECONDS:
        raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{execution.exec_arn}'")
    if time.time() - getattr(execution, "redriven_at", 0) < OLD_STATE_SECONDS:
        body_of(response).clear()
        body_of(response).update(execution.before_redrive)
    return response


StepFunctionResponse.redrive_execution = redrive_and_keep_old_state
StepFunctionResponse.describe_execution = describe_for_functions

# --- Lambda ---------------------------------------------------------------------------------------------------------

lock = threading.Lock()
idle_sandboxes = {}  # by function, code and environment
function_names = set()


class Sandbox:
    """One warm Node process for one function. It takes one invocation at a time, as in Lambda."""

    def __init__(self, function):
        name = function.function_name
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=FUNCTIONS)
        zipfile.ZipFile(io.BytesIO(code_of(function))).extractall(folder)
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **{name: str(value) for name, value in (function.environment_vars or {}).items()},
            "AWS_ENDPOINT_URL": ENDPOINT,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # The function's name is its access key, so that a request tells which function made it.
            "AWS_ACCESS_KEY_ID": name,
            "AWS_SECRET_ACCESS_KEY": "sk",
            "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": folder,
            "_HANDLER": function.handler,
            "TZ": ":UTC",
            **OPTIONS.lambda_env,
        }
        # A tenth of the function's memory is for what Node keeps outside its heap.
        heap_mb = int(function.memory_size) * 9 // 10
        self.process = subprocess.Popen(
            [OPTIONS.node, f"--max-old-space-size={heap_mb}", OPTIONS.sandbox]
            + [folder, function.handler, str(function.timeout), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(os.path.join(LOGS, f"{name}.log"), "ab"),
            env=environment,
            cwd=folder,
            text=True,
        )

    def invoke(self, invocation):
        """The sandbox's answer, or None where its process has ended."""
        try:
            self.process.stdin.write(json.dumps(invocation) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            return None
        return json.loads(line) if line else None


def code_of(function):
    """The function's zip: as moto keeps it, else from the request that created it, else from S3."""
    if getattr(function, "code_bytes", None):
        return function.code_bytes
    code = function.code.get("ZipFile")
    if isinstance(code, bytes):
        return code
    if code:
        return base64.b64decode(code)
    bucket = s3_backends[function.account_id]["aws"]
    return bucket.get_object(function.code["S3Bucket"], function.code["S3Key"]).value


def invoke(self, function_name, qualifier, body, headers, response_headers):
    function = self.get_function(function_name, qualifier)
    environment = json.dumps(function.environment_vars, sort_keys=True, default=str)
    key = (function.function_name, getattr(function, "code_sha_256", ""), environment)
    with lock:
        function_names.add(function.function_name)
        idle = idle_sandboxes.setdefault(key, [])
        sandbox = idle.pop() if idle else None
    sandbox = sandbox or Sandbox(function)

    request_id = str(uuid.uuid4())
    answer = sandbox.invoke({"id": request_id, "event": json.loads(body or "{}"), "arn": function.function_arn})
    if answer is None:
        message = f"RequestId: {request_id} Error: Runtime exited"
        answer = {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}}
    else:
        with lock:
            idle.append(sandbox)
    if "error" in answer:
        response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(answer["error"]).encode()
    return json.dumps(answer["result"]).encode()


lambda_models.LambdaSimpleBackend.invoke = invoke

# --- what the functions ask of AWS ----------------------------------------------------------------------------------

serve_request = DomainDispatcherApplication.__call__


HANG_SECONDS = 70
hangs = []  # parts of paths; the next write to each is not answered for HANG_SECONDS


def hang_if_wanted(environ):
    for part in hangs:
        if environ["REQUEST_METHOD"] == "PUT" and part in environ.get("PATH_INFO", ""):
            hangs.remove(part)
            time.sleep(HANG_SECONDS)
            return


def serve_and_log_request(self, environ, start_response):
    if environ.get("PATH_INFO") == "/emulator/hang":
        hangs.append(urllib.parse.parse_qs(environ["QUERY_STRING"])["path"][0])
        start_response("200 OK", [])
        return [b""]
    hang_if_wanted(environ)
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    signed = re.search(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/", authorization)  # access key, date, region, service
    if signed and signed[1] in function_names:
        request = {
            "function": signed[1],
            "service": signed[2],
            "method": environ["REQUEST_METHOD"],
            "path": environ.get("PATH_INFO"),
            "query": environ.get("QUERY_STRING"),
            "target": environ.get("HTTP_X_AMZ_TARGET"),
        }
        with lock, open(os.path.join(LOGS, "calls.jsonl"), "a") as file:
            file.write(json.dumps(request) + "\n")
    return serve_request(self, environ, start_response)


DomainDispatcherApplication.__call__ = serve_and_log_request

moto.server.main(["-p", str(OPTIONS.port), "-H", "127.0.0.1"])
