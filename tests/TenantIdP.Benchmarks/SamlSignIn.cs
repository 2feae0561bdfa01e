using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Testing.Upstreams;

namespace TenantIdP.Benchmarks;

/// <summary>A whole sign-in through a SAML connection: authorize, the answer posted, the browser's way back, code and tokens. The identity provider's work is done in this process.</summary>
internal sealed class SamlSignIn(Client client, TestSamlIdp idp, string issuer, string domain)
{
    /// <param name="worker">One person each.</param>
    public async Task RunAsync(int worker)
    {
        var cookies = new Dictionary<string, string>();
        var start = client.AuthorizeAddress(out var verifier, ("login_hint", $"person-{worker}@{domain}"));
        var away = await FollowAsync(start, cookies, location => idp.IsHere(location));
        var answer = idp.Sign(idp.Answer(TestSamlIdp.Read(away), $"person-{worker}", $"person-{worker}@{domain}"));
        var acs = new Uri(TestSamlIdp.Read(away).AcsUrl).AbsolutePath;
        using var posted = await client.SendAsync(HttpMethod.Post, acs, [new("SAMLResponse", answer)], null);
        if (posted.StatusCode != HttpStatusCode.SeeOther) throw new InvalidOperationException($"{posted.StatusCode} at {acs}");
        var done = await FollowAsync(PathOf(posted.Headers.Location!), cookies, client.IsCallback); // a redirect has a location
        await client.RedeemAsync(QueryHelpers.ParseQuery(done.Query)["code"].ToString(), verifier);
    }

    private async Task<Uri> FollowAsync(string path, Dictionary<string, string> cookies, Func<Uri, bool> stopAt)
    {
        for (var hops = 0; hops < 10; hops++)
        {
            using var answer = await client.SendAsync(HttpMethod.Get, path, null, cookies.Count == 0 ? null : string.Join("; ", cookies.Select(c => $"{c.Key}={c.Value}")));
            if (answer.Headers.TryGetValues("Set-Cookie", out var set))
            {
                foreach (var cookie in set.Select(c => c.Split(';')[0].Split('=', 2))) cookies[cookie[0]] = cookie[1];
            }

            if (answer.Headers.Location is not { } location) throw new InvalidOperationException($"{answer.StatusCode} at {path}");
            var next = new Uri(new Uri(issuer), location);
            if (stopAt(next)) return next;
            path = next.PathAndQuery;
        }

        throw new InvalidOperationException("Too many redirects.");
    }

    private static string PathOf(Uri location) => location.IsAbsoluteUri ? location.PathAndQuery : location.OriginalString;
}
