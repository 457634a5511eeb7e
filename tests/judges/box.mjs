// Box's own client, unmodified, against an emulator behind a proxy: what it does must work, and prints "accepted".
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
const require = createRequire(process.env.JUDGE_MODULES + '/');
const { BoxClient, BoxDeveloperTokenAuth } = require('box-node-sdk');
const { Readable } = require('node:stream');
const check = (ok, what) => { if (!ok) { console.error('FAILED: ' + what); process.exit(1); } };
const client = new BoxClient({ auth: new BoxDeveloperTokenAuth({ token: process.env.JUDGE_TOKEN }) }).withProxy({ url: process.env.JUDGE_PROXY });
const read = async stream => { const parts = []; for await (const part of stream) parts.push(part); return Buffer.concat(parts); };
const sha1 = data => createHash('sha1').update(data).digest('hex');

const top = await client.folders.getFolderItems('0');
const folder = top.entries.find(entry => entry.name === 'judge');
check(folder, 'the folder');
const small = randomBytes(5000);
const put = (await client.uploads.uploadFile({ attributes: { name: 'small', parent: { id: folder.id } }, file: Readable.from([small]) })).entries[0];
check(put.sha1 === sha1(small), 'upload');
const big = randomBytes(21_000_007);
const uploaded = await client.chunkedUploads.uploadBigFile(Readable.from([big]), 'big', big.length, folder.id);
check(uploaded.sha1 === sha1(big), 'chunked upload');
const listed = await client.folders.getFolderItems(folder.id, { queryParams: { usemarker: true, limit: 1000 } });
check(listed.entries.map(entry => entry.name).sort().join() === 'big,from-provider,small', 'list');
for (const entry of listed.entries) {
  const data = await read(await client.downloads.downloadFile(entry.id));
  const expected = entry.name === 'small' ? sha1(small) : entry.name === 'big' ? sha1(big) : sha1(data);
  check(sha1(data) === expected, 'download ' + entry.name);
  if (entry.name === 'from-provider')
    check(createHash('sha256').update(data).digest('hex') === process.env.JUDGE_SHA256, 'what the provider wrote');
}
let refused = 0;
try { await client.uploads.uploadFile({ attributes: { name: 'small', parent: { id: folder.id } }, file: Readable.from([small]) }); }
catch (error) { refused = error.responseInfo?.statusCode; }
check(refused === 409, 'conflict: ' + refused);
const me = await client.users.getUserMe({ queryParams: { fields: ['space_amount', 'space_used'] } });
check(me.spaceAmount > me.spaceUsed && me.spaceUsed > big.length, 'quota');
await client.files.deleteFileById(put.id);
let gone = 0;
try { await client.files.getFileById(put.id); } catch (error) { gone = error.responseInfo?.statusCode; }
check(gone === 404, 'gone: ' + gone);
console.log('accepted');
