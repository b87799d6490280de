/** What is read of an event of API Gateway's HTTP API, payload format 2.0. */

/** The event is not one that this function is called with: the caller's contract is broken, and no client's doing. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken';
}

/** A request's body. */
export type Body =
  | { readonly kind: 'empty' }
  /** API Gateway says that it is base64, and it is not. */
  | { readonly kind: 'not_base64' }
  /** What the client sent. */
  | { readonly kind: 'content'; readonly content: string | Uint8Array };

/** A request as API Gateway hands it on. */
export interface HttpRequest {
  readonly isJson: boolean;
  readonly body: Body;
}

const ROUTE = 'POST /orders/preview';

/**
 * Reads an event.
 *
 * @throws {ContractBroken} for what is not an event of this function's route.
 */
export function requestOf(event: unknown): HttpRequest {
  if (!isObject(event)) throw new ContractBroken("the event is not one of API Gateway's HTTP API");
  const { version, routeKey, headers, body, isBase64Encoded } = event;
  if (version !== '2.0') throw new ContractBroken("the event's payload format is not 2.0");
  if (routeKey !== ROUTE) throw new ContractBroken("the event's route is none of this function's");
  return { isJson: isJson(isObject(headers) ? headers : {}), body: bodyOf(body, isBase64Encoded === true) };
}

/**
 * Whether the content type is `application/json`, whatever its parameters. A body without one is not taken for JSON: who
 * does not say what it sends may send anything, such as a form.
 */
function isJson(headers: Readonly<Record<string, unknown>>): boolean {
  // API Gateway writes names in lower case; whatever else plays it need not.
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (typeof given !== 'string') return false;
  const [mediaType = ''] = given.split(';');
  return mediaType.trim().toLowerCase() === 'application/json';
}

function bodyOf(body: unknown, isBase64: boolean): Body {
  if (typeof body !== 'string' || body === '') return { kind: 'empty' };
  if (!isBase64) return { kind: 'content', content: body };
  const content = Buffer.from(body, 'base64');
  // Node decodes whatever it can; base64 is what comes out the same again.
  return content.toString('base64') === body ? { kind: 'content', content } : { kind: 'not_base64' };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
