"""Just enough of JSON Schema to judge whether a value fits the schemas that we print."""

import re
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether `value` is valid; keywords that we do not use are refused loudly."""
    unknown = set(schema) - set(CHECKS) - {"description", "title", "$schema"}
    assert not unknown, f"the checker does not know {unknown}"
    return all(check(value, schema[key], schema) for key, check in CHECKS.items() if key in schema)


def right_type(value: Any, name: str, _schema: dict[str, Any]) -> bool:
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def right_keys(value: Any, properties: dict[str, Any], schema: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    patterns: dict[str, Any] = schema.get("patternProperties", {})
    for key, item in value.items():
        matching = [properties[key]] if key in properties else []
        matching += [one for pattern, one in patterns.items() if re.search(pattern, key)]
        if not matching and schema.get("additionalProperties", True) is False:
            return False
        if not all(fits(item, one) for one in matching):
            return False
    return True


def right_rest(value: Any, rest: Any, _schema: dict[str, Any]) -> bool:
    return rest is False or not isinstance(value, dict) or all(fits(item, rest) for item in value.values())


CHECKS = {
    "type": right_type,
    "properties": right_keys,
    "patternProperties": lambda value, _patterns, schema: right_keys(value, schema.get("properties", {}), schema),
    "additionalProperties": right_rest,
    "required": lambda value, names, _: not isinstance(value, dict) or all(name in value for name in names),
    "pattern": lambda value, pattern, _: not isinstance(value, str) or re.search(pattern, value) is not None,
    "enum": lambda value, options, _: any(value == one and type(value) is type(one) for one in options),
    "minimum": lambda value, low, _: not isinstance(value, int) or value >= low,
    "maximum": lambda value, high, _: not isinstance(value, int) or value <= high,
    "items": lambda value, schema, _: not isinstance(value, list) or all(fits(item, schema) for item in value),
    "minItems": lambda value, least, _: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda value, most, _: not isinstance(value, list) or len(value) <= most,
    "anyOf": lambda value, schemas, _: any(fits(value, one) for one in schemas),
    "oneOf": lambda value, schemas, _: sum(fits(value, one) for one in schemas) == 1,
}
