"""Who is let in by a blob service, and who is not; leases as azure-storage-blob drives them."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
)
from azure.storage.blob import (
    AccountSasPermissions,
    BlobClient,
    BlobLeaseClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from contract.blob_pair import ACCOUNT, KEYS, BlobPair

from azsim.identity.models import Directory

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobPair]:
    started = BlobPair(tmp_path_factory.mktemp("access")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def service(pair: BlobPair) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(pair.connection(), retry_total=0) as client:
        yield client


@pytest.fixture
def container(service: BlobServiceClient) -> ContainerClient:
    return service.create_container(f"c-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def blob(container: ContainerClient) -> BlobClient:
    made = container.get_blob_client("a/b.json")
    made.upload_blob(b"gas")
    return made


def refusal(work: Callable[[], Any], kind: type[HttpResponseError] = HttpResponseError) -> tuple[int, str]:
    with pytest.raises(kind) as refused:
        work()
    return int(refused.value.status_code or 0), str(
        getattr(refused.value.error_code, "value", refused.value.error_code)
    )


def test_a_wrong_key_is_refused_and_the_second_key_is_not(pair: BlobPair, blob: BlobClient) -> None:
    """403 AuthenticationFailed; either key of the account opens it."""

    def read(key: str) -> bytes:
        with BlobServiceClient.from_connection_string(pair.connection(key), retry_total=0) as service:
            return service.get_blob_client(blob.container_name, blob.blob_name).download_blob().readall()

    assert read(KEYS[1]) == b"gas"
    assert refusal(lambda: read("d3Jvbmc="), ClientAuthenticationError) == (403, "AuthenticationFailed")


def test_who_shows_nothing_is_told_how(blob: BlobClient) -> None:
    """401 with a challenge."""
    anonymous = BlobClient.from_blob_url(blob.url, retry_total=0)
    assert refusal(anonymous.download_blob) == (401, "NoAuthenticationInformation")


def test_a_signature_of_one_blob(blob: BlobClient) -> None:
    """Opens that blob, for what it says, while it lasts, with the headers that it names; a changed one does not."""

    def signed(permission: BlobSasPermissions, expiry: timedelta = HOUR, **options: Any) -> str:
        ends = datetime.now(UTC) + expiry
        names = (ACCOUNT, blob.container_name, blob.blob_name)
        return generate_blob_sas(*names, account_key=KEYS[0], permission=permission, expiry=ends, **options)

    def client(sas: str, name: str = blob.blob_name) -> BlobClient:
        return BlobClient.from_blob_url(blob.url.replace("a/b.json", name), credential=sas, retry_total=0)

    reading = signed(BlobSasPermissions(read=True), content_type="text/x-gas")
    got = client(reading).download_blob()
    assert (got.readall(), got.properties.content_settings.content_type) == (b"gas", "text/x-gas")
    assert refusal(client(reading).delete_blob) == (403, "AuthorizationPermissionMismatch")
    assert refusal(client(reading, "a/c.json").download_blob)[1] == "AuthenticationFailed"
    assert refusal(client(reading.replace("sp=r", "sp=w")).delete_blob)[1] == "AuthenticationFailed"
    ended = signed(BlobSasPermissions(read=True), -HOUR)
    assert refusal(client(ended).download_blob) == (403, "AuthenticationFailed")
    tls_only = signed(BlobSasPermissions(read=True), protocol="https")
    assert refusal(client(tls_only).download_blob) == (403, "AuthorizationProtocolMismatch")
    creating = client(signed(BlobSasPermissions(create=True)))
    assert refusal(lambda: creating.upload_blob(b"2", overwrite=True)) == (403, "UnauthorizedBlobOverwrite")


def test_a_signature_of_a_container_and_one_of_the_account(pair: BlobPair, container: ContainerClient) -> None:
    """The container's writes and lists in it and nowhere else; the account's also makes containers."""
    ends, key = datetime.now(UTC) + HOUR, KEYS[1]
    may = ContainerSasPermissions(read=True, write=True, list=True)
    sas = generate_container_sas(ACCOUNT, container.container_name, account_key=key, permission=may, expiry=ends)
    inside = ContainerClient.from_container_url(container.url, credential=sas, retry_total=0)
    inside.upload_blob("new", b"1")
    assert [each.name for each in inside.list_blobs()] == ["new"]
    assert refusal(inside.delete_container) == (403, "AuthorizationFailure")
    outside = ContainerClient(pair.url, "other", credential=sas, retry_total=0)
    assert refusal(lambda: outside.upload_blob("x", b"1"))[1] == "AuthenticationFailed"
    account = generate_account_sas(
        ACCOUNT, key, ResourceTypes(container=True, object=True), AccountSasPermissions(write=True, read=True), ends
    )
    with BlobServiceClient(pair.url, credential=account, retry_total=0) as service:
        service.create_container(f"c-{uuid.uuid4().hex[:8]}").upload_blob("x", b"1")
        assert refusal(lambda: list(service.list_containers())) == (403, "AuthorizationResourceTypeMismatch")


class Shown:
    """A credential that shows what it was given."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return AccessToken(self._token, int((datetime.now(UTC) + HOUR).timestamp()))


def test_a_token_is_good_over_tls(pair: BlobPair, blob: BlobClient) -> None:
    """One of the stage's identity service for storage opens everything; another audience or signer is refused."""
    directory, stranger = Directory("https://127.0.0.1:1"), Directory("https://127.0.0.1:1")
    pair.keys_file.write_text(json.dumps(directory.signing_keys()))

    def read(issuer: Directory, audience: str) -> bytes:
        credential = Shown(issuer.issue(issuer.drill, audience, datetime.now(UTC)))
        with BlobServiceClient(pair.secure_url, credential, connection_verify=str(pair.ca), retry_total=0) as service:
            return service.get_blob_client(blob.container_name, blob.blob_name).download_blob().readall()

    assert read(directory, "https://storage.azure.com") == b"gas"
    for issuer, audience in ((directory, "https://vault.azure.net"), (stranger, "https://storage.azure.com")):
        status, code = refusal(lambda who=issuer, what=audience: read(who, what), ClientAuthenticationError)
        assert (status, code) == (401, "InvalidAuthenticationInfo")


def test_a_lease_keeps_others_out(blob: BlobClient) -> None:
    """Who does not name it cannot write or delete; who names another neither; reads are free; then it is released."""
    lease = blob.acquire_lease(15)
    said = blob.get_blob_properties().lease
    assert (said.state, said.status, said.duration) == ("leased", "locked", "fixed")
    assert refusal(blob.acquire_lease, ResourceExistsError) == (409, "LeaseAlreadyPresent")
    for write in (blob.delete_blob, lambda: blob.upload_blob(b"2", overwrite=True), lambda: blob.set_blob_metadata({})):
        assert refusal(write) == (412, "LeaseIdMissing")
    wrong = str(uuid.uuid4())
    assert refusal(lambda: blob.upload_blob(b"2", overwrite=True, lease=wrong))[1] == "LeaseIdMismatchWithBlobOperation"
    blob.upload_blob(b"2", overwrite=True, lease=lease)
    assert blob.download_blob().readall() == b"2"
    lease.renew()
    lease.change(wrong)
    lease.release()
    assert blob.get_blob_properties().lease.state == "available"
    assert refusal(lambda: blob.delete_blob(lease=wrong)) == (412, "LeaseNotPresentWithBlobOperation")
    blob.delete_blob()


def test_a_lease_survives_a_kill_and_can_be_broken(pair: BlobPair, blob: BlobClient) -> None:
    """An infinite lease is there after a restart; broken at once, the next one can be acquired."""
    lease = blob.acquire_lease(-1)
    pair.primary.kill()
    pair.primary.start()
    assert blob.get_blob_properties().lease.duration == "infinite"
    assert BlobLeaseClient(blob).break_lease(0) == 0
    assert blob.get_blob_properties().lease.state == "broken"
    assert refusal(lease.renew, ResourceExistsError)[1] == "LeaseIsBrokenAndCannotBeRenewed"
    blob.acquire_lease(60)


def test_a_container_is_leased_too(container: ContainerClient) -> None:
    """Its lease guards its deletion and nothing in it."""
    lease = container.acquire_lease(-1)
    container.upload_blob("x", b"1")
    assert refusal(container.delete_container) == (412, "LeaseIdMissing")
    wrong = str(uuid.uuid4())
    assert refusal(lambda: container.delete_container(lease=wrong))[1] == "LeaseIdMismatchWithContainerOperation"
    container.delete_container(lease=lease)
