"""Blobs in blocks: each is kept when it comes; the list makes a blob of them without moving a byte."""

from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from azsim.storage import lease
from azsim.storage.blobs import (
    changed,
    check_blob_write,
    lease_after,
    metadata,
    readable,
    receive,
    stored_headers,
)
from azsim.storage.calls import Call, Reply, pieces, xml_reply
from azsim.storage.errors import StorageError
from azsim.storage.state import Blob, BlobIs, Block, BlockIs, is_block_id
from azsim.storage.store import Store

LIST_LIMIT = 8 * 2**20  # 50,000 blocks of Azure's longest ids
MOST_BLOCKS = 50_000


async def put_block(store: Store, call: Call) -> Reply:
    block_id = call.query.get("blockid", "")
    if not is_block_id(block_id):
        raise StorageError("InvalidBlockId")
    content = await receive(store, call)
    before = store.state.container(call.container).live(call.blob)
    if before is not None:
        lease.check_write(before.lease, call.lease_id, "Blob", store.now_s)
    at = store.stamp()
    extents = content.extents or ((store.journal.next_content, content.size),)
    store.commit(BlockIs(call.container, call.blob, Block(block_id, content.size, extents)), at, content.kept)
    return Reply(201, {"Content-MD5": content.md5, "x-ms-request-server-encrypted": "true"})


async def put_block_list(store: Store, call: Call) -> Reply:
    if call.length > LIST_LIMIT:
        raise StorageError("RequestBodyTooLarge")
    body = b"".join([piece async for piece in pieces(call.body, call.length, LIST_LIMIT)])
    before = check_blob_write(store, call)
    blocks = chosen(listed(body), before, store.state.container(call.container).staged.get(call.blob, {}))
    at = store.stamp()
    headers = stored_headers(call.headers)
    headers.setdefault("Content-Type", "application/octet-stream")
    made = before.made if before else at
    blob = Blob(made, at, blocks, headers, metadata(call.headers), lease_after(before, call, store))
    store.commit(BlobIs(call.container, call.blob, blob, staged=False), at)
    return Reply(201, changed(blob))


def listed(body: bytes) -> list[tuple[str, str]]:
    """`Latest`, `Committed` or `Uncommitted`, and the id, in the order of the blob."""
    try:
        found = [(each.tag, (each.text or "").strip()) for each in Xml.fromstring(body)]  # noqa: S314 - expat of today bounds entities
    except Xml.ParseError as error:
        raise StorageError("InvalidXmlDocument") from error
    if len(found) > MOST_BLOCKS or any(kind not in ("Latest", "Committed", "Uncommitted") for kind, _ in found):
        raise StorageError("InvalidBlockList")
    return found


def chosen(wanted: list[tuple[str, str]], before: Blob | None, staged: dict[str, Block]) -> tuple[Block, ...]:
    committed = {block.id: block for block in before.blocks if block.id} if before else {}
    places = {"Latest": {**committed, **staged}, "Committed": committed, "Uncommitted": staged}
    try:
        return tuple(places[kind][block_id] for kind, block_id in wanted)
    except KeyError as missing:
        raise StorageError("InvalidBlockList", f"The block {missing.args[0]} is not there.") from missing


async def get_block_list(store: Store, call: Call) -> Reply:
    which = call.query.get("blocklisttype", "committed").lower()
    container = store.state.container(call.container)
    staged = container.staged.get(call.blob, {})
    blob = container.live(call.blob)
    if blob is None and not staged:
        raise StorageError("BlobNotFound")
    committed = readable(store, call).blocks if blob else ()
    parts = []
    if which in ("committed", "all"):
        parts.append(f"<CommittedBlocks>{rows([block for block in committed if block.id])}</CommittedBlocks>")
    if which in ("uncommitted", "all"):
        parts.append(f"<UncommittedBlocks>{rows(list(staged.values()))}</UncommittedBlocks>")
    headers = {**changed(blob), "x-ms-blob-content-length": str(blob.size)} if blob else {}
    return xml_reply(f"<BlockList>{''.join(parts)}</BlockList>", headers)


def rows(blocks: list[Block]) -> str:
    return "".join(f"<Block><Name>{escape(block.id)}</Name><Size>{block.size}</Size></Block>" for block in blocks)
