/** Parses events of API Gateway's HTTP API, payload format 2.0. */

/** The event does not belong to this function. The caller is at fault, not a client. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken';
}

/** A request's body. */
export type Body =
  | { readonly kind: 'empty' }
  /** API Gateway marks the body as base64, and it is not. */
  | { readonly kind: 'not_base64' }
  | { readonly kind: 'content'; readonly content: string | Uint8Array };

/** A client's request. */
export interface HttpRequest {
  readonly isJson: boolean;
  readonly body: Body;
}

const ROUTE = 'POST /orders/preview';

/**
 * Parses an event.
 *
 * @throws {ContractBroken} for an event of another route or format.
 */
export function parseRequest(event: unknown): HttpRequest {
  if (!isObject(event)) throw new ContractBroken('the event is not an API Gateway HTTP API event');
  const { version, routeKey, headers, body, isBase64Encoded } = event;
  if (version !== '2.0') throw new ContractBroken("the event's payload format is not 2.0");
  if (routeKey !== ROUTE) throw new ContractBroken(`the event's route is not \`${ROUTE}\``);
  return { isJson: isObject(headers) && isJson(headers), body: parseBody(body, isBase64Encoded === true) };
}

/**
 * Whether the content type is `application/json`, with any parameters. A request without a content type is not assumed to be
 * JSON: it could be anything, such as a form.
 */
function isJson(headers: Readonly<Record<string, unknown>>): boolean {
  // API Gateway writes names in lower case; its simulators may not.
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return typeof type === 'string' && /^\s*application\/json\s*(;|$)/i.test(type);
}

function parseBody(body: unknown, isBase64: boolean): Body {
  if (typeof body !== 'string' || body === '') return { kind: 'empty' };
  if (!isBase64) return { kind: 'content', content: body };
  const content = Buffer.from(body, 'base64');
  // Node skips invalid characters, so only a round trip shows whether the body was base64.
  return content.toString('base64') === body ? { kind: 'content', content } : { kind: 'not_base64' };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
