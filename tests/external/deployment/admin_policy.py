"""Who may knock at the admin API: its resource policy for each choice of parameters, judged as IAM judges one."""

import ipaddress

OWN, OTHER = "AWS::AccountId", "999988887777"
INSIDE, OUTSIDE = "203.0.113.7", "198.51.100.7"
RANGES, ENDPOINT = "203.0.113.0/24,2001:db8::/32", "vpce-0a1b"
UNPERMITTED = {"account": OWN, "permitted": False}

# Of each choice: who is admitted, and who is not. Whoever is said to be of the own account has a permission of its own there, unless told.
CHOICES = (
    ({}, [{"account": OWN}], [{"account": OTHER}, UNPERMITTED, {}]),
    (
        {"AdminOrganization": "o-ours"},
        [{"account": OWN, "organization": "o-ours"}, {"account": OWN}, {"account": OTHER, "organization": "o-ours"}],
        [{"account": OTHER, "organization": "o-theirs"}, {"account": OTHER}, {**UNPERMITTED, "organization": "o-ours"}, {}],
    ),
    ({"AdminAddresses": RANGES}, [{"account": OWN}, {"account": OWN, "ip": "2001:db8::1"}], [{"account": OWN, "ip": OUTSIDE}, {"account": OTHER}]),
    ({"AdminVpcEndpoint": ENDPOINT}, [{"account": OWN, "endpoint": ENDPOINT}], [{"account": OWN}, {"account": OWN, "endpoint": "vpce-2"}]),
    (
        {"AdminOrganization": "o-ours", "AdminAddresses": RANGES},
        [{"account": OTHER, "organization": "o-ours"}],
        [{"account": OTHER, "organization": "o-ours", "ip": OUTSIDE}, {"account": OTHER}],
    ),
    (
        {"AdminOrganization": "o-ours", "AdminVpcEndpoint": ENDPOINT},
        [{"account": OTHER, "organization": "o-ours", "endpoint": ENDPOINT}],
        [{"account": OTHER, "organization": "o-ours"}, {"account": OTHER, "endpoint": ENDPOINT}],
    ),
    (
        {"AdminVpcEndpoint": ENDPOINT, "AdminAddresses": RANGES},
        [{"account": OWN, "endpoint": ENDPOINT}],
        [{"account": OWN, "endpoint": ENDPOINT, "ip": OUTSIDE}, {"account": OWN}],
    ),
    ({"AdminAuth": "master-key", "AdminAddresses": RANGES}, [{}], [{"ip": OUTSIDE}]),
    ({"AdminAuth": "master-key", "AdminVpcEndpoint": ENDPOINT}, [{"endpoint": ENDPOINT}], [{}, {"endpoint": "vpce-2"}]),
    (
        {"AdminAuth": "master-key", "AdminVpcEndpoint": ENDPOINT, "AdminAddresses": RANGES},
        [{"endpoint": ENDPOINT}],
        [{"endpoint": ENDPOINT, "ip": OUTSIDE}, {}],
    ),
)


def failures(template):
    policy = template.resources["AdminApi"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-policy"]
    for chosen, admitted, refused in CHOICES:
        statements = template.resolved(policy, **chosen)["Statement"]
        for caller in admitted:
            if not _admits(statements, caller):
                yield f"admin_policy: with {chosen} {caller} is refused"
        for caller in refused:
            if _admits(statements, caller):
                yield f"admin_policy: with {chosen} {caller} is admitted"


def _admits(statements, caller):
    """IAM's rules: a refusal counts before all, then what is allowed here; one of the own account needs no more than not to be refused."""
    effects = {one["Effect"] for one in statements if all(_holds(*test, caller) for test in one.get("Condition", {}).items())}
    return "Deny" not in effects and ("Allow" in effects or (caller.get("account") == OWN and caller.get("permitted", True)))


def _holds(operator, wanted, caller):
    known = {
        "aws:PrincipalAccount": caller.get("account"),
        "aws:PrincipalOrgID": caller.get("organization"),
        "aws:SourceVpce": caller.get("endpoint"),
        # Through an endpoint the address is a private network's, and is told by another name.
        "aws:VpcSourceIp" if "endpoint" in caller else "aws:SourceIp": caller.get("ip", INSIDE),
    }
    # Of several keys each must match, or differ; what is not there differs.
    positive = {"StringNotEquals": "StringEquals", "NotIpAddress": "IpAddress"}.get(operator, operator)
    return all(_matches(positive, known.get(key), values) is (operator == positive) for key, values in wanted.items())


def _matches(operator, value, wanted):
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if operator == "IpAddress":
        return value is not None and any(ipaddress.ip_address(value) in ipaddress.ip_network(one) for one in wanted)
    return value in wanted
