"""IAM conditions for moto, which refuses whatever carries one.

In AWS a condition that does not hold takes its statement out of play; in moto 5.2.5 it turns the statement into a refusal, be it
"Allow" or "Deny". Here the operators that our policies use are worked out, from what the request says.
"""

import re
from contextvars import ContextVar
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

# What is known of the request at hand. The emulator speaks plain HTTP and stands for an endpoint with TLS.
TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
REQUEST: ContextVar[dict[str, str]] = ContextVar("request", default=TLS)


def like(pattern: str, value: str) -> bool:
    """Tell whether a value fits a pattern of IAM."""
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern), value, re.DOTALL) is not None


def holds(operator: str, key: str, wanted: list[str]) -> bool:
    """Tell whether one condition holds for the request at hand."""
    value = REQUEST.get().get(key)
    if operator == "Null":
        return (value is None) == (wanted == ["true"])
    if operator == "StringNotEquals":
        return value not in wanted
    if value is None:
        return operator.endswith("IfExists")
    match operator.removesuffix("IfExists"):
        case "Bool" | "StringEquals":
            return value in wanted
        case "StringLike" | "ArnLike" | "ArnEquals":
            return any(like(pattern, value) for pattern in wanted)
        case "NumericLessThan":
            return any(float(value) < float(limit) for limit in wanted)
    raise NotImplementedError(operator)


def install() -> None:
    """Give moto's statements their conditions; trust policies, which moto works out itself, stay as they are."""
    plain = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(
        self: IAMPolicyStatement, action: str, resource: str = "*", principal: str | None = None, incoming_condition_values: Any = None
    ) -> PermissionResult:
        statement = self._statement
        if incoming_condition_values is not None or "Condition" not in statement:
            return plain(self, action, resource, principal, incoming_condition_values)
        for operator, pairs in statement["Condition"].items():
            for key, wanted in pairs.items():
                if not holds(operator, key, [wanted] if isinstance(wanted, str) else wanted):
                    return PermissionResult.NEUTRAL
        unconditional = {key: value for key, value in statement.items() if key != "Condition"}
        return plain(IAMPolicyStatement(unconditional), action, resource, principal, None)

    IAMPolicyStatement.is_action_permitted = is_action_permitted
