"""The template as AWS's own tools see it, and as CloudFormation will: with SAM's parts written out."""

import json
import os
import subprocess
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

HERE = Path(__file__).resolve().parent
ENVIRONMENT = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}

# Names that are an account's or a region's, or may be.
FIXED = {"Name", "AlarmName", "DashboardName", "FunctionName", "LogGroupName", "ManagedPolicyName", "QueueName", "RoleName", "SecretName", "TableName"}


class _NoManagedPolicies:
    """SAM asks for AWS's managed policies by name. The template has none: every statement is its own."""

    def load(self):
        return {}


def plain(path):
    """The template with SAM's parts written out; the linters do not miss undefined names in it."""
    document = yaml_parse(path.read_text())
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    parameters = {name: str(one.get("Default", "")) for name, one in document["Parameters"].items()}
    return transform(document, parameters, _NoManagedPolicies())


def _is_fixed(name):
    """Whether every stack would have this name; what another resource is called is that one's business."""
    return isinstance(name, str) or ("Fn::Sub" in name and "AWS::StackName" not in json.dumps(name))


def failures(path, work, checkov):
    """What `sam validate --lint`, `cfn-lint` and `checkov` find. Exceptions are beside what they except, with their reasons."""
    tools = Path(sys.executable).parent
    written, expanded = work / "plain.json", plain(path)
    written.write_text(json.dumps(expanded, indent=1))
    for name, resource in expanded["Resources"].items():
        for fixed in sorted(of for of, value in resource.get("Properties", {}).items() if of in FIXED and _is_fixed(value)):
            yield f"{name} has a fixed {fixed}: a second stack could not be deployed"
    for command in (
        [tools / "sam", "validate", "--lint", "--template", path],
        [tools / "cfn-lint", "--non-zero-exit-code", "informational", path],
        # W1028: SAM repeats a function's condition in everything that it writes for it.
        [tools / "cfn-lint", "--ignore-checks", "W1028", "--non-zero-exit-code", "warning", "--", written],
        [checkov, "--config-file", HERE / "checkov.yaml", "--file", written],
    ):
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
        if done.returncode:
            yield f"{Path(command[0]).name} {Path(command[-1]).name}: {done.stdout}{done.stderr}"
