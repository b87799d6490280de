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
  /** A text with U+FFFD. An event is JSON, so this character stands for bytes of the client that are not UTF-8. */
  | { readonly kind: 'not_utf8' }
  | { readonly kind: 'content'; readonly content: string | Uint8Array };

/** A client's request. */
export interface HttpRequest {
  readonly isJson: boolean;
  /** The content encoding, if the body has another one than `identity`. */
  readonly contentEncoding: string | undefined;
  readonly body: Body;
}

type Headers = Readonly<Record<string, unknown>>;

const ROUTE = 'POST /orders/preview';

/**
 * Parses an event.
 *
 * @throws {ContractBroken} for an event of another route or format.
 */
export function parseRequest(event: unknown): HttpRequest {
  if (!isObject(event)) throw new ContractBroken('the event is not an API Gateway HTTP API event');
  const { version, routeKey } = event;
  if (version !== '2.0') throw new ContractBroken("the event's payload format is not 2.0");
  if (routeKey !== ROUTE) throw new ContractBroken(`the event's route is not \`${ROUTE}\``);
  const [headers, body, isBase64] = [event['headers'] ?? {}, event['body'] ?? '', event['isBase64Encoded'] ?? false];
  if (!isObject(headers) || typeof body !== 'string' || typeof isBase64 !== 'boolean') {
    throw new ContractBroken("the event's headers or body have another type than API Gateway's");
  }
  return { isJson: isJson(headers), contentEncoding: contentEncoding(headers), body: parseBody(body, isBase64) };
}

/**
 * Whether the content type is `application/json`, with any parameters. A request without a content type is not assumed to be
 * JSON: it could be anything, such as a form.
 */
function isJson(headers: Headers): boolean {
  return /^\s*application\/json\s*(;|$)/i.test(header(headers, 'content-type') ?? '');
}

function contentEncoding(headers: Headers): string | undefined {
  const encoding = header(headers, 'content-encoding')?.trim() ?? '';
  return encoding === '' || encoding.toLowerCase() === 'identity' ? undefined : encoding;
}

function header(headers: Headers, name: string): string | undefined {
  // API Gateway writes names in lower case; its simulators may not.
  const value = Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : undefined;
}

function parseBody(body: string, isBase64: boolean): Body {
  if (body === '') return { kind: 'empty' };
  if (!isBase64) return body.includes('\ufffd') ? { kind: 'not_utf8' } : { kind: 'content', content: body };
  const content = Buffer.from(body, 'base64');
  // Node skips invalid characters, so only a round trip shows whether the body was base64.
  return content.toString('base64') === body ? { kind: 'content', content } : { kind: 'not_base64' };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
