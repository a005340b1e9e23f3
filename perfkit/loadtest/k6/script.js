// Run by k6; perfkit puts the profile's scenario in place of the next line.
const P = {};

import http from 'k6/http';
import { randomSeed, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Trend } from 'k6/metrics';

export const options = P.options;

// What perfkit reads, beside k6's own http_reqs, http_req_duration and http_req_blocked.
const begins = new Counter('perfkit_begin'); // a request is about to be sent
const ends = new Trend('perfkit_end'); // size of its body + failed checks of body * 2^36
const ready = new Counter('perfkit_ready'); // all users are prepared

const CHECKS = 2 ** 36;
const NOT_CAPTURED = 2 ** 16;

http.setResponseCallback(null);

let values = null; // of this user
let count = 0;

function fill(parts) {
  if (typeof parts === 'string' || parts === null) {
    return parts;
  }
  let text = parts[0];
  for (let i = 1; i < parts.length; i += 2) {
    text += values[parts[i]] + parts[i + 1];
  }
  return text;
}

function refresh(request) {
  count += 1;
  for (const name of request.wanted) {
    const list = P.variables[name];
    if (list !== undefined) {
      values[name] = list[Math.floor(Math.random() * list.length)];
    } else if (name === 'random') {
      values.random = String(Math.floor(Math.random() * 2 ** 31));
    } else if (name === 'count') {
      values.count = String(count);
    }
  }
}

function draw() {
  const at = Math.random() * P.bounds[P.bounds.length - 1];
  const found = P.bounds.findIndex((bound) => at < bound);
  return P.requests[found < 0 ? P.requests.length - 1 : found];
}

// Texts of errors are tags, of which k6 forgets none: without addresses and numbers.
function short(text) {
  return String(text).replace(/\[?[0-9a-f.:]*\]?:\d{2,5}\b/g, '…').replace(/\d{4,}/g, '…').slice(0, 120);
}

function size(answer, asText) {
  const body = answer.body;
  if (!body) {
    return 0;
  }
  if (!asText) {
    return body.byteLength;
  }
  const told = Number(answer.headers['Content-Length']);
  return told > 0 ? told : unescape(encodeURIComponent(body)).length;
}

function capture(request, body) {
  const found = {};
  try {
    const document = JSON.parse(body);
    for (const [name, path] of request.capture) {
      let value = document;
      for (const key of path.split('.')) {
        value = value[key];
      }
      if (value === undefined) {
        return false;
      }
      found[name] = typeof value === 'string' ? value : JSON.stringify(value);
    }
  } catch (_) {
    return false;
  }
  Object.assign(values, found);
  return true;
}

function right(request, status) {
  return request.allowed === null ? status < 400 : request.allowed.includes(status);
}

// Sends one request; returns what is wrong with the answer, or ''.
function send(request, jar) {
  refresh(request);
  const headers = {};
  for (const [name, parts] of request.headers) {
    headers[name] = fill(parts);
  }
  const tags = { r: request.number };
  const params = { headers, tags, redirects: 0, timeout: P.timeout };
  params.responseType = request.text ? 'text' : 'binary';
  if (jar) {
    params.jar = jar;
  }
  const url = P.base + fill(request.path);
  const body = fill(request.body);
  begins.add(1, tags);
  let answer;
  try {
    answer = http.request(request.method, url, body, params);
  } catch (error) {
    ends.add(0, { r: request.number, e: short(error.message || error) });
    return String(error);
  }
  if (answer.status === 0) {
    ends.add(0, { r: request.number, e: short(answer.error) });
    return answer.error;
  }
  let failed = 0;
  for (const [bit, text] of request.needles) {
    if (!answer.body || !answer.body.includes(text)) {
      failed += bit;
    }
  }
  const good = failed === 0 && right(request, answer.status);
  if (good && request.capture.length && !capture(request, answer.body)) {
    failed += NOT_CAPTURED;
  }
  ends.add(size(answer, request.text) + failed * CHECKS, tags);
  if (failed >= NOT_CAPTURED) {
    return 'cannot capture from its answer';
  }
  return good ? '' : `status ${answer.status}${failed ? ', a text is not in its body' : ''}`;
}

// k6 has no requests of a user before the load; so all users are prepared here, one by one.
export function setup() {
  const users = [];
  for (let user = 0; P.setup.length && user < P.users; user += 1) {
    values = { user: String(user) };
    count = 0;
    const jar = new http.CookieJar();
    const cookies = {};
    for (const request of P.setup) {
      const why = send(request, jar);
      if (why) {
        throw new Error(`setup request '${request.name}': ${why}`);
      }
      Object.assign(cookies, jar.cookiesForURL(P.base + fill(request.path)));
    }
    users.push(JSON.stringify({ values, cookies, count }));
  }
  ready.add(1);
  return users;
}

function arrive(users) {
  const user = exec.vu.idInTest - 1;
  randomSeed(P.seed + user);
  values = { user: String(user) };
  if (!users.length) {
    return;
  }
  const prepared = JSON.parse(users[user % users.length]);
  values = prepared.values;
  count = prepared.count;
  const jar = http.cookieJar();
  for (const name of Object.keys(prepared.cookies)) {
    jar.set(`${P.base}/`, name, prepared.cookies[name][0], { path: '/' });
  }
}

export default function work(users) {
  if (P.most !== null && exec.scenario.iterationInTest >= P.most) {
    sleep(0.1); // all are sent: perfkit ends this run, once k6 has filled its buffer
    return;
  }
  if (values === null) {
    arrive(users);
  }
  send(draw(), null);
  if (P.think[1] > 0) {
    sleep(P.think[0] + (P.think[1] - P.think[0]) * Math.random());
  }
}

export function handleSummary() {
  return {};
}
