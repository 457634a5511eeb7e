// Microsoft's own client of Graph, unmodified, against an emulator behind a proxy: what it does must work, and prints "accepted".
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
const require = createRequire(process.env.JUDGE_MODULES + '/');
const { setGlobalDispatcher, ProxyAgent } = require('undici');
const { Client, OneDriveLargeFileUploadTask, FileUpload, PageIterator } = require('@microsoft/microsoft-graph-client');
setGlobalDispatcher(new ProxyAgent({ uri: process.env.JUDGE_PROXY, requestTls: { ca: process.env.JUDGE_CA } }));
const client = Client.init({ authProvider: done => done(null, process.env.JUDGE_TOKEN) });
const check = (ok, what) => { if (!ok) { console.error('FAILED: ' + what); process.exit(1); } };
const folder = '/me/drive/special/approot:/judge';

const small = randomBytes(5000);
const put = await client.api(`${folder}/small:/content`).put(small);
check(put.size === 5000 && put.file, 'put');
const big = randomBytes(4 * 1024 * 1024 + 7);
const task = await OneDriveLargeFileUploadTask.createTaskWithFileObject(
  client, new FileUpload(big.buffer.slice(big.byteOffset, big.byteOffset + big.length), 'big', big.length), { path: '/Apps/CuckooDrive/judge', rangeSize: 327680 * 4, conflictBehavior: 'fail', fileName: 'big' });
const uploaded = await task.upload();
check(uploaded.responseBody.size === big.length, 'upload session');

const names = [];
const iterator = new PageIterator(client, await client.api(`${folder}:/children`).top(2).get(), item => { names.push(item.name); return true; });
await iterator.iterate();
check(names.sort().join() === 'big,from-provider,small', 'list: ' + names);
for (const [name, expected] of [['small', small], ['big', big]]) {
  const data = Buffer.from(await client.api(`${folder}/${name}:/content`).responseType('arraybuffer').get());
  check(data.equals(expected), 'download ' + name);
}
const theirs = Buffer.from(await client.api(`${folder}/from-provider:/content`).responseType('arraybuffer').get());
check(createHash('sha256').update(theirs).digest('hex') === process.env.JUDGE_SHA256, 'what the provider wrote');
let refused = '';
try { await client.api(`${folder}/small:/content?@microsoft.graph.conflictBehavior=fail`).put(small); } catch (error) { refused = error.code; }
check(refused === 'nameAlreadyExists', 'conflict: ' + refused);
const drive = await client.api('/me/drive').get();
check(drive.quota.total > drive.quota.used && drive.quota.used > big.length, 'quota');
const item = await client.api(`${folder}/small:`).get();
await client.api(`/me/drive/items/${item.id}`).delete();
let gone = 0;
try { await client.api(`${folder}/small:`).get(); } catch (error) { gone = error.statusCode; }
check(gone === 404, 'gone');
console.log('accepted');
