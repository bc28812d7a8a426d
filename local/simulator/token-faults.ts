export type TokenFault =
  /** TMDB's texts contain the Bearer token that was sent: a tagline, the overviews of a list, an error's message. */
  | { kind: 'token-echo' }
  /** 401, code 7, after so many requests: for good, or for the next `times` requests. */
  | { kind: 'token-revoked'; after: number; times?: number };

/** @param before Number of requests since the faults were set. */
export const isRevoked = (faults: readonly { kind: string }[], before: number): boolean =>
  faults
    .filter((fault): fault is Extract<TokenFault, { kind: 'token-revoked' }> => fault.kind === 'token-revoked')
    .some(({ after, times = Number.POSITIVE_INFINITY }) => before >= after && before < after + times);

/** Puts the token that was sent into a body, of JSON or HTML. */
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
