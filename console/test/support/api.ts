/** A small API that follows the contract: orders in memory, results as a test sets them, faults on request. */

import type { IncomingMessage, ServerResponse } from 'node:http';

import { parseOrders, validateOrders, InvalidOrdersError } from '@gridbid/core';

import type { Day, ResultOrder, SlotSummary, StoredOrder, SubmissionState } from '../../src/api/contract.ts';

const LIFETIME = 24 * 3600 * 1000;
const seconds = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** An amount is text in the page's types, and a JSON number on the wire. */
const unquoteAmounts = (json: string): string => json.replace(/"(parameter_2|power)":"([^"]*)"/g, '"$1":$2');

export interface Fault {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body?: object;
}

export interface Slot {
  readonly summary: SlotSummary;
  readonly orders: readonly ResultOrder[];
}

export class FakeApi {
  readonly orders = new Map<string, StoredOrder>();
  readonly slots = new Map<string, Slot>();
  /** The answers to the next requests of `POST /orders`, instead of the right ones. */
  readonly faults: Fault[] = [];
  /** Connections are closed without an answer. */
  isAway = false;
  /** Milliseconds before an answer. */
  delay = 0;
  /** Decides about a bearer token: null when it is accepted. */
  authorize: ((token: string | null) => string | null) | null = null;
  /** What the platform says of new orders; undefined where none is configured. */
  submission: SubmissionState | undefined = { status: 'pending' };
  readonly requests: string[] = [];
  unreadable: string[] = [];

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://api');
    const path = decodeURIComponent(url.pathname.replace(/^\/api/, ''));
    this.requests.push(`${request.method} ${path}`);
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.isAway) {
      request.socket.destroy();
      return;
    }
    const authorization = request.headers.authorization;
    const refusal = this.authorize?.(authorization?.startsWith('Bearer ') ? authorization.slice(7) : null) ?? null;
    if (refusal !== null)
      return send(
        response,
        401,
        { message: 'Unauthorized' },
        { 'www-authenticate': `Bearer error="invalid_token" error_description="${refusal}"` },
      );
    const [, route, first = '', second = ''] = path.split('/');
    if (request.method === 'POST' && path === '/orders') return this.#post(await bodyOf(request), response);
    if (request.method === 'GET' && route === 'orders') return this.#order(first, response);
    if (request.method === 'GET' && route === 'results' && second === '') return send(response, 200, this.day(first));
    if (request.method === 'GET' && route === 'results') return this.#slot(second, url.searchParams, response);
    send(response, 404, { message: 'Not Found' });
  }

  #post(body: string, response: ServerResponse): void {
    const fault = this.faults.shift();
    if (fault !== undefined) {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      return send(
        response,
        fault.status,
        fault.body ?? {
          type: 'about:blank',
          title: 'The orders cannot be reached right now',
          status: fault.status,
          detail: 'the same request can safely be sent again',
        },
        headers,
      );
    }
    let parsed;
    try {
      parsed = parseOrders(body).toArray();
    } catch (error) {
      if (!(error instanceof InvalidOrdersError)) throw error;
      const { total, violations } = validateOrders(body);
      return send(response, 400, {
        type: 'about:blank',
        title: 'The orders are not valid',
        status: 400,
        detail: error.message,
        errorMessage: error.message,
        total,
        violations,
      });
    }
    const now = Date.now();
    const conflicts = parsed.flatMap(({ record_id, parameter_1, parameter_2 }, index) => {
      const known = this.orders.get(record_id);
      return known !== undefined && (known.parameter_1 !== parameter_1 || known.parameter_2 !== parameter_2)
        ? [{ index, record_id }]
        : [];
    });
    if (conflicts.length > 0) {
      const detail = `nothing is stored, because of ${conflicts.map(({ record_id }) => `\`${record_id}\``).join(', ')}`;
      return send(response, 409, {
        type: 'about:blank',
        title: 'Orders are there already with other content',
        status: 409,
        detail,
        conflicts,
      });
    }
    let stored = 0;
    for (const order of parsed) {
      if (this.orders.has(order.record_id)) continue;
      stored += 1;
      this.orders.set(order.record_id, {
        ...order,
        accepted_at: seconds(now),
        expires_at: seconds(now + LIFETIME),
        submission: this.submission,
      });
    }
    send(response, 201, {
      accepted: parsed.length,
      stored,
      unchanged: parsed.length - stored,
      expires_at: seconds(now + LIFETIME),
    });
  }

  #order(recordId: string, response: ServerResponse): void {
    const order = this.orders.get(recordId);
    if (order === undefined)
      return send(response, 404, {
        type: 'about:blank',
        title: 'There is no such order',
        status: 404,
        detail: 'there is no such order',
      });
    send(response, 200, order);
  }

  day(date: string): Day {
    const slots = [...this.slots.values()].map(({ summary }) => summary).filter(({ slot }) => slot.startsWith(date));
    slots.sort((a, b) => a.slot.localeCompare(b.slot));
    const sum = (count: (slot: SlotSummary) => number) => slots.reduce((total, slot) => total + count(slot), 0);
    const [accepted, rejected, failed] = [
      sum((slot) => slot.accepted ?? 0),
      sum((slot) => slot.rejected ?? 0),
      sum((slot) => slot.failed ?? 0),
    ];
    const orders = accepted + rejected + failed;
    return {
      date,
      runs: slots.filter(({ accepted }) => accepted !== undefined).length,
      orders,
      accepted,
      rejected,
      failed,
      acceptance_rate: orders === 0 ? null : Math.round((accepted / orders) * 10_000) / 10_000,
      total_power: String(Math.round(sum((slot) => Number(slot.total_power ?? 0)) * 100) / 100),
      unreadable: this.unreadable,
      slots,
    };
  }

  #slot(name: string, query: URLSearchParams, response: ServerResponse): void {
    const slot = name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
    const known = this.slots.get(slot);
    if (known === undefined || known.summary.status === 'missing')
      return send(response, 404, {
        type: 'about:blank',
        title: 'Nothing is known of the slot',
        status: 404,
        detail: 'nothing is known of the slot',
      });
    const limit = Number(query.get('limit') ?? 100);
    const from = Number(query.get('cursor') ?? 0);
    const orders = known.orders.slice(from, from + limit);
    const next = from + limit < known.orders.length ? String(from + limit) : null;
    send(response, 200, { ...known.summary, total: known.orders.length, orders, next });
  }

  /** Sets a slot with orders; its summary follows from them. */
  addSlot(slot: string, orders: readonly ResultOrder[], change: Partial<SlotSummary> = {}): void {
    const count = (outcome: ResultOrder['outcome']) => orders.filter((order) => order.outcome === outcome).length;
    const begin = Date.parse(slot);
    const power = orders.reduce((total, order) => total + Number(order.power ?? 0), 0);
    this.slots.set(slot, {
      orders,
      summary: {
        slot,
        status: 'done',
        attempt: 1,
        polls: 2,
        accepted: count('accepted'),
        rejected: count('rejected'),
        failed: count('failed'),
        total_power: String(Math.round(power * 100) / 100),
        started_at: seconds(begin + 2000),
        done_at: seconds(begin + 190_000),
        ...change,
      },
    });
  }

  /** Sets a slot without counts. */
  addOpenSlot(summary: SlotSummary): void {
    this.slots.set(summary.slot, { summary, orders: [] });
  }

  /** Fills a day with slots of the schedule, some of them running, failed or missing. */
  fillDay(date: string, count = 288): void {
    let seed = 7;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let at = 0; at < count; at += 1) {
      const slot = seconds(Date.parse(`${date}T00:00:00Z`) + at * 300_000);
      const scale = 14 + 10 * Math.sin((at / 288) * Math.PI * 2 - 1.4) + random() * 8;
      if (at % 97 === 40) this.addOpenSlot({ slot, status: 'missing' });
      else if (at % 120 === 77) {
        this.addOpenSlot({
          slot,
          status: 'failed',
          attempt: 1,
          polls: 7,
          started_at: seconds(Date.parse(slot) + 1000),
          done_at: seconds(Date.parse(slot) + 290_000),
          problem: 'DeadlinePassed: no results after 7 polls',
        });
      } else if (at === count - 1 && count < 288)
        this.addOpenSlot({
          slot,
          status: 'running',
          attempt: 1,
          polls: 1,
          started_at: seconds(Date.parse(slot) + 1000),
        });
      else {
        const orders = Array.from({ length: Math.round(scale) }, (_, position): ResultOrder => {
          const record_id = `bid-${at}-${position}`;
          if (random() < 0.14) return { position, outcome: 'rejected', record_id, reason: 'price too high' };
          if (random() < 0.01)
            return {
              position,
              outcome: 'failed',
              record_id,
              code: 'unknown_status',
              reason: 'the status `pending` is neither `accepted` nor `rejected`',
            };
          return {
            position,
            outcome: 'accepted',
            record_id,
            power: String(Math.round((1 + random() * 3) * 100) / 100),
          };
        });
        this.addSlot(slot, orders, { polls: 1 + Math.floor(random() * 4) });
      }
    }
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(unquoteAmounts(JSON.stringify(body)));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
