using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Http;

/// <summary>
/// <c>Idempotency-Key</c>: a POST that its caller named runs once, and repeating it gives the same answer for 24 hours. Failures of ours (5xx) are not kept, so that a repeat
/// runs again. The body has been read and is small when this runs.
/// </summary>
internal static class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";

    // A named request goes on when its caller hangs up: who repeats it wants that answer. It ends before another may take up its key.
    private static readonly TimeSpan Longest = IdempotencyKeys.Reserved - TimeSpan.FromSeconds(10);

    private static readonly string[] KeptHeaders = [HeaderNames.ContentType, HeaderNames.Location, HeaderNames.ETag, HeaderNames.RetryAfter];

    /// <param name="caller">Who they are and for which organization.</param>
    public static async Task RunAsync(HttpContext context, string caller, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.Headers.TryGetValue(Header, out var values))
        {
            await next(context);
            return;
        }

        if (values is not [{ Length: > 0 and <= IdempotencyKey.MaxKeyLength } key] || !key.All(c => c is > ' ' and < (char)127))
        {
            await Problems.WriteAsync(context, EdgeProblems.KeyInvalid);
            return;
        }

        var request = new NamedRequest(caller, key, await FingerprintAsync(context.Request));
        var keys = context.RequestServices.GetRequiredService<IdempotencyKeys>();
        switch (await keys.BeginAsync(request, context.RequestAborted))
        {
            case NamedRequestState.Begun begun:
                await RunAsync(context, keys, request, begun.Attempt, next);
                break;
            case NamedRequestState.Answered { Answer: var answer }:
                context.Response.Headers[ReplayedHeader] = "true";
                context.Response.StatusCode = answer.Status;
                foreach (var (name, value) in answer.Headers) context.Response.Headers[name] = value;
                await SendAsync(context, answer.Body);
                break;
            case NamedRequestState.UnderWay { RetryAfter: var wait }:
                context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                await Problems.WriteAsync(context, EdgeProblems.KeyInUse);
                break;
            case NamedRequestState.OfAnother:
                await Problems.WriteAsync(context, EdgeProblems.KeyReused);
                break;
        }
    }

    private static async Task RunAsync(HttpContext context, IdempotencyKeys keys, NamedRequest request, int attempt, RequestDelegate next)
    {
        var (client, callersBody) = (context.RequestAborted, context.Response.Body);
        using var deadline = new CancellationTokenSource(Longest, context.RequestServices.GetRequiredService<TimeProvider>());
        var answered = false;
        using var body = new MemoryStream();
        try
        {
            (context.RequestAborted, context.Response.Body) = (deadline.Token, body);
            await next(context);
            await context.Response.BodyWriter.FlushAsync(deadline.Token);
            answered = context.Response.StatusCode is < StatusCodes.Status500InternalServerError and not (StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests);
        }
        finally
        {
            (context.RequestAborted, context.Response.Body) = (client, callersBody);

            // Nobody is told of a failure to release: the reservation runs out by itself.
            if (!answered) await keys.ReleaseAsync(request, attempt, CancellationToken.None);
        }

        if (answered)
        {
            var headers = KeptHeaders.Where(context.Response.Headers.ContainsKey).ToDictionary(name => name, name => context.Response.Headers[name].ToString());
            await keys.FinishAsync(request, attempt, new KeptAnswer(context.Response.StatusCode, headers, body.ToArray()), CancellationToken.None);
        }

        await SendAsync(context, body.ToArray());
    }

    private static async Task SendAsync(HttpContext context, byte[] body)
    {
        if (body.Length == 0) return; // 204 has no length
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static async Task<string> FingerprintAsync(HttpRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.PathBase}{request.Path}{request.QueryString}\n"));
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        hash.AppendData(body.GetBuffer(), 0, (int)body.Length);
        request.Body.Position = 0; // the edge has put a seekable stream there
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
