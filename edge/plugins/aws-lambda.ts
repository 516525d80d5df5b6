import { AwsV4Signer } from "aws4fetch";
import { type FunctionCall, type FunctionSettings, functionHandler } from "./function-call.ts";
import { definePlugin } from "./plugin.ts";

interface Iam {
  readonly accesskey: string;
  readonly secretkey: string;
  readonly aws_region: string;
  readonly service: string;
}

interface AwsLambdaConfiguration extends FunctionSettings {
  readonly authorization?: { readonly apikey?: string; readonly iam?: Iam };
}

/** Answers with a function on AWS: by an API key, or signed (Signature Version 4). */
export const awsLambda = definePlugin<AwsLambdaConfiguration>((deps) => ({
  build(configuration) {
    const { apikey, iam } = configuration.authorization ?? {};
    return {
      access: functionHandler("aws-lambda", configuration, deps, async (call) => {
        const { headers } = call;
        if (!headers.has("x-api-key") && apikey !== undefined) headers.set("x-api-key", apikey);
        else if (iam && !headers.has("authorization")) await sign(call, iam, deps.now());
      }),
    };
  },
}));

/**
 * Host, date and body only: a header that Cloudflare writes anew on the way would make any other signature
 * a false one. APISIX signs all headers.
 */
async function sign({ url, method, headers, body }: FunctionCall, iam: Iam, now: number) {
  const signer = new AwsV4Signer({
    url,
    method,
    ...(body && method !== "GET" && method !== "HEAD" && { body: body as BufferSource }),
    accessKeyId: iam.accesskey,
    secretAccessKey: iam.secretkey,
    region: iam.aws_region,
    service: iam.service,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  const signed = await signer.sign();
  for (const name of ["authorization", "x-amz-date"]) {
    headers.set(name, signed.headers.get(name) ?? "");
  }
}
