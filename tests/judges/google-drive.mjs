// Google's own client of Drive, unmodified, against an emulator by its rootUrl: what it does must work, and prints "accepted".
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
const require = createRequire(process.env.JUDGE_MODULES + '/');
const { drive, auth } = require('@googleapis/drive');
const check = (ok, what) => { if (!ok) { console.error('FAILED: ' + what); process.exit(1); } };
const login = new auth.OAuth2();
login.setCredentials({ access_token: process.env.JUDGE_TOKEN });
const rootUrl = process.env.JUDGE_ADDRESS;
const client = drive({ version: 'v3', auth: login, rootUrl, retryConfig: { retry: 0 } });
const md5 = data => createHash('md5').update(data).digest('hex');
const fields = 'id,name,size,md5Checksum,mimeType';

const found = await client.files.list({ q: "name = 'judge' and mimeType = 'application/vnd.google-apps.folder' and trashed = false" });
const parent = found.data.files[0]?.id;
check(parent, 'the folder');
const upload = async (name, data) => (await client.files.create({
  requestBody: { name, parents: [parent] }, media: { mimeType: 'application/octet-stream', body: Readable.from([data]) }, fields },
  // Uploads do not look at what the client was made with.
  { rootUrl })).data;
const small = randomBytes(5000), big = randomBytes(9_000_007);
const put = await upload('small', small);
check(put.md5Checksum === md5(small) && put.size === '5000', 'upload');
const uploaded = await upload('big', big);
check(uploaded.md5Checksum === md5(big) && Number(uploaded.size) === big.length, 'large upload');

const files = [];
for (let pageToken; ;) {
  const page = (await client.files.list({ q: `'${parent}' in parents and trashed = false`, pageSize: 2, pageToken, fields: `nextPageToken,files(${fields})` })).data;
  files.push(...page.files);
  if (!(pageToken = page.nextPageToken)) break;
}
check(files.map(file => file.name).sort().join() === 'big,from-provider,small', 'list: ' + files.map(file => file.name));
const get = async (fileId, headers = {}) => {
  const answer = await client.files.get({ fileId, alt: 'media' }, { responseType: 'arraybuffer', headers });
  return [answer.status, Buffer.from(answer.data)];
};
for (const [id, data] of [[put.id, small], [uploaded.id, big]])
  check((await get(id))[1].equals(data), 'download');
const [status, part] = await get(uploaded.id, { Range: 'bytes=100-599' });
check(status === 206 && part.equals(big.subarray(100, 600)), 'range: ' + status);
const theirs = (await get(files.find(file => file.name === 'from-provider').id))[1];
check(createHash('sha256').update(theirs).digest('hex') === process.env.JUDGE_SHA256, 'what the provider wrote');
const quota = (await client.about.get({ fields: 'storageQuota' })).data.storageQuota;
check(Number(quota.limit) > Number(quota.usage) && Number(quota.usage) > big.length, 'quota');
await client.files.delete({ fileId: put.id });
let gone = 0;
try { await client.files.get({ fileId: put.id }); } catch (error) { gone = error.status ?? error.code; }
check(Number(gone) === 404, 'gone: ' + gone);
console.log('accepted');
