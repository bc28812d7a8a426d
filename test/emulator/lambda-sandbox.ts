import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

/*
 * One warm instance of a Lambda function. The emulator starts it as
 *
 *   node lambda-sandbox.ts <folder of the unpacked zip> <handler> <timeout in seconds> <function name>
 *
 * It reads one event a line from stdin, {id, event, arn}, and answers each with one line on stdout: {id, result} or
 * {id, error}. Nothing else may reach stdout, so what a function prints goes to stderr.
 */
const [folder = '', handlerName = '', timeoutSeconds = '', functionName = ''] = process.argv.slice(2);

/** Largest response of a function, in bytes. Source: the text of Lambda's own error, Function.ResponseSizeTooLarge. */
const MAX_RESPONSE_BYTES = 6_291_556;

interface Invocation {
  id: string;
  event: unknown;
  arn: string;
}

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

type LambdaHandler = (event: unknown, context: object) => Promise<unknown>;

const loadHandler = async (): Promise<LambdaHandler> => {
  const dot = handlerName.lastIndexOf('.');
  const file = ['.js', '.mjs', '.cjs']
    .map((extension) => join(folder, handlerName.slice(0, dot) + extension))
    .find((path) => existsSync(path));
  if (!file)
    throw Object.assign(new Error(`The zip has no file for the handler ${handlerName}`), {
      name: 'Runtime.ImportModuleError',
    });
  const exported = await import(pathToFileURL(file).href);
  const name = handlerName.slice(dot + 1);
  return exported[name] ?? exported.default?.[name];
};

// A file that can't be loaded fails each invocation, not this process.
const loading = loadHandler().then(
  (handler) => ({ handler }),
  (error: unknown) => ({ error }),
);

const invoke = async ({ id, event, arn }: Invocation): Promise<unknown> => {
  const loaded = await loading;
  if ('error' in loaded) throw loaded.error;

  const timeoutMs = Number(timeoutSeconds) * 1000;
  const endsAt = Date.now() + timeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `${id} Task timed out after ${timeoutSeconds} seconds`;
      reject(Object.assign(new Error(message), { name: 'Sandbox.Timedout' }));
    }, timeoutMs);
  });
  const context = {
    awsRequestId: id,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'emulator',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()),
  };
  try {
    return await Promise.race([loaded.handler(event, context), timeout]);
  } finally {
    clearTimeout(timer);
  }
};

/** An error as Lambda's runtime reports it. */
const reported = (error: unknown) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

const respond = async (invocation: Invocation): Promise<string> => {
  const { id } = invocation;
  const response = await invoke(invocation).then(
    (result) => ({ id, result: result ?? null }),
    (error: unknown) => ({ id, error: reported(error) }),
  );
  const text = JSON.stringify(response);
  if (Buffer.byteLength(text) <= MAX_RESPONSE_BYTES) return text;
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`;
  return JSON.stringify({ id, error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] } });
};

const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => answer(`${await respond(JSON.parse(line) as Invocation)}\n`));
// The emulator has ended.
lines.on('close', () => process.exit());
