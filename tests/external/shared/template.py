"""infra/template.yaml, as tests read it: YAML whose tags are CloudFormation's functions."""

import re

import yaml


class _Loader(yaml.SafeLoader):
    """Reads `!Ref x` as {"Ref": "x"}, `!Sub x` as {"Fn::Sub": "x"}, and so on."""


def _function(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


# What CloudFormation knows of a deployment, as `Template.text` has it.
_PSEUDO = {"AWS::StackName": "stargate", "AWS::Region": "eu-west-1", "AWS::URLSuffix": "amazonaws.com"}

# Where a template has no value.
_NOTHING = object()


class Template:
    def __init__(self, path):
        self.whole = yaml.load(path.read_text(), _Loader)
        self.resources = self.whole["Resources"]

    def text(self, value, **chosen):
        """What a value becomes, with the parameters as chosen or by default. Resources and their attributes stay the template's names."""
        if not isinstance(value, dict):
            return str(value)
        [(function, given)] = value.items()
        if function == "Ref" and given in self.whole["Parameters"]:
            return str(chosen.get(given, self.whole["Parameters"][given].get("Default")))
        if function == "Ref":
            return _PSEUDO.get(given, given)
        if function == "Fn::GetAtt":
            return ".".join(given)
        if function == "Fn::If":
            return self.text(given[1 if self.holds(given[0], **chosen) else 2], **chosen)
        if function == "Fn::Sub":
            text, named = given if isinstance(given, list) else (given, {})
            of = lambda name: self.text(named.get(name, {"Ref": name}), **chosen)
            return re.sub(r"\$\{([^!}][^}]*)\}", lambda found: of(found[1]), text)
        raise ValueError(f"{function} is not text")

    def resolved(self, value, **chosen):
        """A value with everything in it as `text` has it, and without what conditions leave out."""
        if isinstance(value, list):
            return [one for one in (self.resolved(each, **chosen) for each in value) if one is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if value == {"Ref": "AWS::NoValue"}:
            return _NOTHING
        if "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            return self.resolved(then if self.holds(condition, **chosen) else otherwise, **chosen)
        if "Fn::Split" in value:
            by, text = value["Fn::Split"]
            return self.text(text, **chosen).split(by)
        if value.keys() & {"Ref", "Fn::GetAtt", "Fn::Sub"}:
            return self.text(value, **chosen)
        parts = {name: self.resolved(each, **chosen) for name, each in value.items()}
        return {name: each for name, each in parts.items() if each is not _NOTHING}

    def holds(self, condition, **chosen):
        """Whether a condition is true, with the parameters as chosen or by default."""
        if isinstance(condition, str):
            return self.holds(self.whole["Conditions"][condition], **chosen)
        [(function, given)] = condition.items()
        if function == "Condition":
            return self.holds(given, **chosen)
        if function == "Fn::Equals":
            return self.text(given[0], **chosen) == self.text(given[1], **chosen)
        if function == "Fn::Not":
            return not self.holds(given[0], **chosen)
        if function == "Fn::Or":
            return any(self.holds(one, **chosen) for one in given)
        raise ValueError(f"{function} is no condition")

    def edge(self, serves_themselves):
        """The code of CloudFront's function, as a deployment has it."""
        code, _ = self.resources["Edge"]["Properties"]["FunctionCode"]["Fn::Sub"]
        return code.replace("${SelfService}", "true" if serves_themselves else "false")

    def functions(self):
        """Every function by its name, with its properties."""
        kind = "AWS::Serverless::Function"
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    def environment(self):
        """The names of ours that any function is given."""
        of = lambda properties: properties.get("Environment", {}).get("Variables", {})
        every = [self.whole["Globals"]["Function"], *self.functions().values()]
        return {name for properties in every for name in of(properties) if name.startswith("STARGATE_")}

    def routes(self, api):
        """What an API serves: method, path and function."""
        rows = []
        for name, properties in self.functions().items():
            for event in properties.get("Events", {}).values():
                if event["Type"] == "Api" and event["Properties"]["RestApiId"] == {"Ref": api}:
                    rows.append((event["Properties"]["Method"], event["Properties"]["Path"], name))
        for path, item in self.resources[api]["Properties"].get("DefinitionBody", {}).get("paths", {}).items():
            for method, operation in item.items():
                uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
                function = uri.split("functions/${")[1].split(".")[0]
                rows.append(("ANY" if method.endswith("any-method") else method.upper(), path, function))
        return rows


def served(routes, method, path):
    """Whose a request is, as API Gateway chooses: the path with the most of it written out, then its method. The function and
    the resource, or nothing."""
    matching = [route for route in routes if re.fullmatch(_pattern(route[1]), path)]
    best = max(map(_literal, matching), default=0)
    for of, resource, function in matching:
        if _literal((of, resource, function)) == best and of in (method, "ANY"):
            return function, resource
    return None, None


def _pattern(path):
    """A path of the template as an expression: {name} is one part, {name+} the rest."""
    greedy = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path))
    return re.sub(r"\\\{\w+\\\}", "[^/]+", greedy)


def _literal(route):
    """How much of a route's path is written out."""
    return len(re.sub(r"\{[^}]+\}", "", route[1]))
