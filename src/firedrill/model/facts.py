"""What the control plane says of a resource, one fact at a time: (subject, attribute, value).

The attribute `redundant` with the value `yes` or `no` says whether a second failure would be survived there; a SQL server says
it with `role` and `state` instead. Everything else is for the timeline.
"""

Value = str | float | None
Fact = tuple[str, str, Value]
REDUNDANT, YES, NO = "redundant", "yes", "no"
