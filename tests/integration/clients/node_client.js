// SPDX-License-Identifier: PostgreSQL
// node-postgres for the driver matrix; the orders it takes are described in ../drivers/program.py.
'use strict';
const readline = require('readline');
const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
const { Client } = require('pg');
const copy = require('pg-copy-streams');
const Cursor = require('pg-cursor');

const connections = new Map();

function unescape(field) {
  if (field === '\\N') return null;
  const plain = { t: '\t', n: '\n', r: '\r', '\\': '\\' };
  return field.replace(/\\(.)/g, (_, letter) => plain[letter]);
}

function escape(value) {
  if (value === null) return '\\N';
  return value.replace(/[\\\t\n\r]/g, (c) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[c]);
}

function param(field) {
  if (field === null) return null;
  return field.startsWith('i:') ? Number(field.slice(2)) : field.slice(2);
}

function text(value) {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (Buffer.isBuffer(value)) return '\\x' + value.toString('hex');
  if (Array.isArray(value)) return '{' + value.map(text).join(',') + '}';
  return String(value);
}

function say(...fields) {
  process.stdout.write(fields.map(escape).join('\t') + '\n');
}

function sayRows(rows) {
  for (const row of rows) say('row', ...row.map(text));
}

async function connect(name) {
  const client = new Client({ options: process.env.PGOPTIONS, application_name: process.env.PGAPPNAME });
  const state = { client, prepared: new Map(), heard: [], notices: [], wake: null, running: null };
  client.on('notification', (message) => {
    state.heard.push(message.payload);
    if (state.wake) state.wake();
  });
  client.on('notice', (notice) => state.notices.push(notice.message));
  client.on('error', () => {});
  await client.connect();
  connections.set(name, state);
}

function rowsOf(client, sql, values, name) {
  return client.query({ text: sql, values, name, rowMode: 'array' });
}

async function copyIn({ client }, sql, data) {
  await pipeline(Readable.from([Buffer.from(data)]), client.query(copy.from(sql)));
}

async function copyOut({ client }, sql) {
  const parts = [];
  for await (const part of client.query(copy.to(sql))) parts.push(part);
  say('row', Buffer.concat(parts).toString());
}

async function runPrepared(state, name, values) {
  if (state.prepared.has(name)) return rowsOf(state.client, state.prepared.get(name), values, name);
  return rowsOf(state.client, `EXECUTE ${name}(${values.join(', ')})`);
}

// node-postgres has no call that closes a statement: DEALLOCATE, and its own memory of the name must go too.
async function unprepare(state, name) {
  await state.client.query('DEALLOCATE ' + name);
  state.prepared.delete(name);
  delete state.client.connection.parsedStatements[name];
}

async function notification(state) {
  if (state.heard.length === 0) {
    await new Promise((resolve) => {
      state.wake = resolve;
      setTimeout(resolve, 15000).unref();
    });
  }
  if (state.heard.length === 0) throw new Error('no notification');
  say('row', state.heard.shift());
}

async function largeObject({ client }, hex) {
  const data = Buffer.from(hex, 'hex');
  const made = await client.query({ text: 'SELECT lo_from_bytea(0, $1) AS number', values: [data] });
  const { number } = made.rows[0];
  const found = await client.query({ text: 'SELECT lo_get($1) AS data', values: [number] });
  await client.query({ text: 'SELECT lo_unlink($1)', values: [number] });
  say('row', found.rows[0].data.toString('hex'));
}

// Queries are handed over without waiting in between; node-postgres sends each when the one before is done.
async function batch({ client }, sql, width, values) {
  const all = [];
  for (let at = 0; at < values.length; at += width) {
    all.push(client.query(sql, values.slice(at, at + width)));
  }
  await Promise.all(all);
}

async function cursor({ client }, sql, size) {
  const portions = client.query(new Cursor(sql, [], { rowMode: 'array' }));
  for (;;) {
    const rows = await portions.read(size);
    if (rows.length === 0) break;
    sayRows(rows);
  }
  await portions.close();
}

function start(state, sql) {
  state.running = state.client.query(sql).then(() => null, (error) => error);
}

// The library's own cancel: a second client that sends the request instead of a startup packet.
function cancel({ client }) {
  const messenger = new Client();
  messenger.on('error', () => {});
  messenger.connection.on('error', () => {});
  messenger.cancel(client, client.activeQuery || client._activeQuery);
}

const orders = {
  close: ({ client }) => client.end(),
  query: async ({ client }, sql, ...values) => sayRows((await rowsOf(client, sql, values.map(param))).rows),
  execute: async ({ client }, sql, ...values) => (await client.query(sql, values.map(param))).rowCount || 0,
  prepare: (state, name, sql) => void state.prepared.set(name, sql),
  run: async (state, name, ...values) => sayRows((await runPrepared(state, name, values.map(param))).rows),
  unprepare,
  begin: ({ client }) => client.query('BEGIN').then(() => 0),
  commit: ({ client }) => client.query('COMMIT').then(() => 0),
  rollback: ({ client }) => client.query('ROLLBACK').then(() => 0),
  copy_in: copyIn,
  copy_out: copyOut,
  start,
  cancel,
  finish: async (state) => {
    const error = await state.running;
    if (error) throw error;
  },
  listen: ({ client }, channel) => client.query('LISTEN ' + channel).then(() => 0),
  notification,
  large_object: largeObject,
  batch: (state, sql, width, ...values) => batch(state, sql, Number(width), values.map(param)),
  cursor: (state, sql, size) => cursor(state, sql, Number(size)),
  notices: ({ notices }) => notices.forEach((one) => say('row', one)),
  pid: ({ client }) => say('row', String(client.processID)),
};

async function obey(line) {
  const [word, name, ...fields] = line.split('\t').map(unescape);
  try {
    const count = word === 'connect' ? await connect(name) : await orders[word](connections.get(name), ...fields);
    say('ok', String(typeof count === 'number' ? count : 0));
  } catch (error) {
    say('error', error.code || 'node', String(error.stack || error));
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    await obey(line);
  }
  process.exit(0);
}

main();
