/**
 * The responses of `POST /orders/preview`.
 *
 * Errors are problems (RFC 9457) with the same texts as those of orders-api. Problems with the client's request also have an
 * `errorMessage`, as clients of the service that this one replaces expect.
 */

/** Maximum number of characters of a client's content encoding in a sentence. */
const MAX_ENCODING = 40;

/** A response before it is encoded. */
export interface HttpResponse {
  readonly status: number;
  readonly content: object;
}

/** API Gateway's response, payload format 2.0. */
interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/** 400: the request has no body. */
export function emptyBody(): HttpResponse {
  return clientProblem('empty-body', 'The request has no body', 'Request body is empty');
}

/** 400: API Gateway marks the body as base64, and it is not. */
export function notBase64(): HttpResponse {
  return clientProblem('not-base64', "The request's body cannot be decoded", 'Request body is not base64');
}

/** 400: the gateway has replaced bytes of the body that are not UTF-8. */
export function notUtf8(): HttpResponse {
  const detail =
    'Request body is not UTF-8: it has U+FFFD in place of other bytes (write \\ufffd if you mean that character)';
  return clientProblem('not-utf8', "The request's body cannot be decoded", detail);
}

/** 415: the body is encoded, for example compressed. */
export function unsupportedContentEncoding(encoding: string): HttpResponse {
  const shown = [...encoding].slice(0, MAX_ENCODING).join('');
  const title = "The request's content encoding is not supported";
  return problem(415, 'unsupported-content-encoding', title, `the content encoding must be \`identity\`, not \`${shown}\``);
}

/** 415: the content type is not JSON. */
export function unsupportedMediaType(): HttpResponse {
  const detail = 'the content type must be `application/json`';
  return problem(415, 'unsupported-media-type', "The request's body is not said to be JSON", detail);
}

/** 500: a fault of the service. The log line records the cause. */
export function internal(): HttpResponse {
  const detail = 'the same request can safely be sent again once the problem is fixed';
  return problem(500, 'internal', 'Something is wrong on our side', detail);
}

function clientProblem(kind: string, title: string, detail: string): HttpResponse {
  const { status, content } = problem(400, kind, title, detail);
  return { status, content: { ...content, errorMessage: detail } };
}

function problem(status: number, kind: string, title: string, detail: string): HttpResponse {
  return { status, content: { type: `urn:problem-type:gridbid:${kind}`, title, status, detail } };
}

/** Encodes a response for API Gateway. */
export function toResponse({ status, content }: HttpResponse): GatewayResponse {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return { statusCode: status, headers: { 'content-type': type }, body: JSON.stringify(content), isBase64Encoded: false };
}
