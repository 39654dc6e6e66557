"""Asks for flags with OpenFeature's OFREP provider for Python, and prints what it got.

Cases come as JSON on the standard input: a list of {type, key, default, context}.
"""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

base_url, token = sys.argv[1:]
headers = {"Authorization": "Bearer " + token}
api.set_provider_and_wait(OFREPProvider(base_url, headers_factory=lambda: headers))
flags = api.get_client()

asks = {
    "boolean": flags.get_boolean_details,
    "string": flags.get_string_details,
    "integer": flags.get_integer_details,
    "float": flags.get_float_details,
    "object": flags.get_object_details,
}

got = []
for case in json.load(sys.stdin):
    context = dict(case["context"])
    who = EvaluationContext(context.pop("targetingKey", None), context)
    details = asks[case["type"]](case["key"], case["default"], who)
    got.append(
        {
            "value": details.value,
            "variant": details.variant,
            "reason": details.reason,
            "error": details.error_code,
            "metadata": dict(details.flag_metadata or {}),
        }
    )
json.dump(got, sys.stdout)
