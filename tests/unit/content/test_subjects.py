"""What a drill is about, and what of its environment may lie on the disk."""

from firedrill.engine.runner import is_secret
from firedrill.engine.subjects import FACTS, subjects


def about(*modules: str) -> list[str]:
    return subjects({"method": [{"provider": {"module": module}} for module in modules]})


def test_messages_are_about_the_bus_and_blobs_about_storage() -> None:
    """What must be redundant is the thing behind the action, whatever its module is called."""
    found = about(
        "firedrill.actions.messages", "firedrill.actions.servicebus_failover", "firedrill.actions.blobs", "probes.x"
    )
    assert found == ["servicebus", "storage"]
    assert set(found) <= set(FACTS)
    assert about("firedrill.actions.sql", "firedrill.actions.storage") == ["sql", "storage"]


def test_whoever_takes_machines_takes_the_pods_on_them() -> None:
    """So a drill of machines begins and ends with both: machines that run, and pods that are all ready."""
    assert about("firedrill.actions.compute", "firedrill.actions.storage_network") == [
        "compute",
        "kubernetes",
        "storage",
    ]


def test_keys_of_a_data_plane_are_not_written_down() -> None:
    """The undo journal has the names; connection strings are asked for again."""
    assert is_secret("BUS_A", "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0;")
    assert is_secret("BLOB_1", "AccountName=a;AccountKey=c2VjcmV0;")
    assert is_secret("AZURE_CLIENT_SECRET", "x")
    assert not is_secret("FIREDRILL_BUS_A", "sb-weu")


def test_scaling_is_about_the_cluster() -> None:
    """As killing a pod is."""
    assert about("firedrill.actions.kubernetes_scale", "firedrill.actions.stage") == ["kubernetes", "stage"]
