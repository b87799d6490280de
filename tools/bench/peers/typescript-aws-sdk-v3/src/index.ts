// POST /orders as a conventional Lambda function in TypeScript: a peer of orders-api in `cargo xtask bench functions`.
//
// It reads API Gateway's event, makes basic checks, and stores the batch in one DynamoDB transaction with the same conditions
// as orders-api. It does not list every violation, keep numbers exact (a number is a float here), recognize repeated requests
// or retry contended transactions, as orders-api does. The client is created once, before the first event, as AWS recommends.

import {
  DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';

interface Event {
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Order {
  readonly record_id: string;
  readonly parameter_1: string;
  readonly parameter_2: number;
}

const LIFE_SECONDS = 24 * 60 * 60;
const table = process.env['ORDERS_TABLE'] ?? '';
const dynamodb = new DynamoDBClient({});

export async function handler(event: Event): Promise<Response> {
  const raw = event.body ?? '';
  const body = event.isBase64Encoded === true ? Buffer.from(raw, 'base64').toString('utf8') : raw;
  if (body === '') {
    return respond(400, { errorMessage: 'Request body is empty' });
  }
  let orders: unknown;
  try {
    orders = JSON.parse(body);
  } catch {
    return respond(400, { errorMessage: 'Request body is not JSON' });
  }
  if (!isBatch(orders)) {
    return respond(400, { errorMessage: 'The body must be an array of 1 to 100 valid orders with different record_ids' });
  }
  const now = Math.floor(Date.now() / 1000);
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: orders.map((order) => put(order, now)) }));
  } catch (error) {
    if (error instanceof TransactionCanceledException) {
      return respond(409, { errorMessage: 'An order exists already' });
    }
    throw error;
  }
  return respond(201, { accepted: orders.length, expires_at: now + LIFE_SECONDS });
}

function isBatch(orders: unknown): orders is Order[] {
  if (!Array.isArray(orders) || orders.length < 1 || orders.length > 100 || !orders.every(isOrder)) {
    return false;
  }
  return new Set(orders.map((order) => order.record_id)).size === orders.length;
}

function isOrder(order: unknown): order is Order {
  if (typeof order !== 'object' || order === null || Object.keys(order).length !== 3) {
    return false;
  }
  const { record_id, parameter_1, parameter_2 } = order as Partial<Record<string, unknown>>;
  return (
    isText(record_id, 128) && isText(parameter_1, 256) && typeof parameter_2 === 'number' && Number.isFinite(parameter_2)
  );
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= maxLength;
}

function put(order: Order, now: number): TransactWriteItem {
  return {
    Put: {
      TableName: table,
      Item: {
        record_id: { S: order.record_id },
        parameter_1: { S: order.parameter_1 },
        parameter_2: { N: String(order.parameter_2) },
        accepted_at: { N: String(now) },
        expires_at: { N: String(now + LIFE_SECONDS) },
      },
      ConditionExpression: 'attribute_not_exists(record_id) OR expires_at <= :now',
      ExpressionAttributeValues: { ':now': { N: String(now) } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

function respond(statusCode: number, content: Readonly<Record<string, unknown>>): Response {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(content) };
}
