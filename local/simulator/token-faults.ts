export type TokenFault =
  /** Responses contain the token of the request: in taglines, in overviews of list items and in messages of errors. */
  | { kind: 'token-echo' }
  /** Status 401, code 7, after `after` requests: for all later requests, or for the next `times`. */
  | { kind: 'token-revoked'; after: number; times?: number };

/** @param before Number of earlier requests since the faults were set. */
export const isRevoked = (faults: readonly { kind: string }[], before: number): boolean =>
  faults
    .filter((fault): fault is Extract<TokenFault, { kind: 'token-revoked' }> => fault.kind === 'token-revoked')
    .some(({ after, times = Number.POSITIVE_INFINITY }) => before >= after && before < after + times);

/** Adds the token of a request to a body of JSON or HTML. */
export const echoing = (body: string, sent: string): string => {
  if (!body.startsWith('{')) return body.startsWith('<') ? `${body}\n<!-- ${sent} -->` : body;
  const said = JSON.parse(body) as { status_message?: string; results?: readonly object[]; tagline?: string };
  const results = said.results?.map((item) => ('overview' in item ? { ...item, overview: sent } : item));
  return JSON.stringify({
    ...said,
    ...(results && { results }),
    ...(said.status_message !== undefined && { status_message: `${said.status_message} (${sent})` }),
    ...(said.tagline !== undefined && { tagline: sent }),
  });
};
