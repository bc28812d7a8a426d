import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';

/*
 * Counts the requests to S3 of a process, and writes them to the file S3_COUNTS at its end:
 *
 *   S3_COUNTS=counts.json node --import ./bench/count-s3.js …
 */

/** What S3 charges like a PUT and like a GET; DELETE is free. */
const counts = { puts: 0, lists: 0, gets: 0 };

subscribe('http.client.request.start', ({ request }) => {
  // TMDB's paths begin with /3.
  if (request.path.startsWith('/3/')) return;
  if (request.method === 'PUT') counts.puts += 1;
  if (request.method === 'GET') counts[request.path.includes('list-type=') ? 'lists' : 'gets'] += 1;
});

process.on('exit', () => {
  if (process.env.S3_COUNTS) writeFileSync(process.env.S3_COUNTS, JSON.stringify(counts));
});
