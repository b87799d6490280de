/**
 * The answers of the preview, as contract and as API Gateway want them.
 *
 * What went wrong is a problem (RFC 9457) of media type `application/problem+json`, word for word as orders-api says it.
 * Problems of a request that can be mended also have the `errorMessage` of the service that this one follows.
 */

import type { Notes, Outcome } from './telemetry.js';

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly content: object;
}

/** API Gateway's response, payload format 2.0. */
interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/** 400: there is nothing to read. */
export function emptyBody(): Answer {
  return mendable('empty-body', 'The request has no body', 'Request body is empty');
}

/** 400: the body is not what its transport says. */
export function notBase64(): Answer {
  return mendable('not-base64', "The request's body cannot be decoded", 'Request body is not base64');
}

/** 415: the body is not said to be JSON. */
export function unsupportedMediaType(): Answer {
  const detail = 'the content type must be `application/json`';
  return problem(415, 'unsupported-media-type', "The request's body is not said to be JSON", detail);
}

/** 500: what no client can mend. */
export function internal(): Answer {
  const detail = 'the same request can safely be sent again once this is mended';
  return problem(500, 'internal', 'Something is wrong on our side', detail);
}

function mendable(kind: string, title: string, detail: string): Answer {
  const { status, content } = problem(400, kind, title, detail);
  return { status, content: { ...content, errorMessage: detail } };
}

function problem(status: number, kind: string, title: string, detail: string): Answer {
  return { status, content: { type: `urn:problem-type:gridbid:${kind}`, title, status, detail } };
}

/** API Gateway's response, and what the log line says of it. */
export function answerOf({ status, content }: Answer, notes: Notes): Response {
  notes.status = status;
  notes.outcome = outcomeOf(status);
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return { statusCode: status, headers: { 'content-type': type }, body: JSON.stringify(content), isBase64Encoded: false };
}

function outcomeOf(status: number): Outcome {
  if (status < 400) return 'ok';
  return status < 500 ? 'refused' : 'fault';
}
