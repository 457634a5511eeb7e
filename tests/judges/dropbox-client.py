# Dropbox's own Python client, unmodified, against an emulator behind a proxy: what it does must work, and prints "accepted".
import hashlib, os, sys
import dropbox
from dropbox.files import CommitInfo, UploadSessionCursor


def check(ok, what):
    if not ok:
        sys.exit('FAILED: ' + str(what))


def content_hash(data):
    blocks = [hashlib.sha256(data[start:start + (4 << 20)]).digest() for start in range(0, len(data), 4 << 20)]
    return hashlib.sha256(b''.join(blocks)).hexdigest()


session = dropbox.create_session(ca_certs=os.environ['JUDGE_CA_FILE'], proxies={'https': os.environ['JUDGE_PROXY']})
client = dropbox.Dropbox(os.environ['JUDGE_TOKEN'], session=session, max_retries_on_error=0)
small = os.urandom(5000)
put = client.files_upload(small, '/judge/small')
check(put.size == 5000 and put.content_hash == content_hash(small), put)

big = os.urandom(9_000_007)
part = 4 << 20
cursor = UploadSessionCursor(client.files_upload_session_start(big[:part]).session_id, part)
client.files_upload_session_append_v2(big[part:2 * part], cursor)
cursor.offset = 2 * part
done = client.files_upload_session_finish(big[2 * part:], cursor, CommitInfo('/judge/big'))
check(done.size == len(big) and done.content_hash == content_hash(big), done)

page = client.files_list_folder('/judge', limit=2)
names = [entry.name for entry in page.entries]
while page.has_more:
    page = client.files_list_folder_continue(page.cursor)
    names += [entry.name for entry in page.entries]
check(sorted(names) == ['big', 'from-provider', 'small'], names)

found, answer = client.files_download('/judge/big')
check(answer.content == big and found.content_hash == content_hash(big), 'download')
theirs = client.files_download('/judge/from-provider')[1].content
check(hashlib.sha256(theirs).hexdigest() == os.environ['JUDGE_SHA256'], 'what the provider wrote')
# The client has no word for a range, but its session sends what it is told.
ranged = session.post(
    'https://content.dropboxapi.com/2/files/download',
    headers={'Authorization': 'Bearer ' + os.environ['JUDGE_TOKEN'], 'Dropbox-API-Arg': '{"path":"/judge/big"}', 'Range': 'bytes=100-599'})
check(ranged.status_code == 206 and ranged.content == big[100:600], ranged)

try:
    client.files_upload(b'other', '/judge/small')
    check(False, 'a second upload of the name')
except dropbox.exceptions.ApiError as failure:
    check(failure.error.get_path().reason.is_conflict(), failure)
space = client.users_get_space_usage()
check(space.allocation.get_individual().allocated > space.used > len(big), space)
client.files_delete_v2('/judge/small')
try:
    client.files_get_metadata('/judge/small')
    check(False, 'it is gone')
except dropbox.exceptions.ApiError as failure:
    check(failure.error.get_path().is_not_found(), failure)
print('accepted')
