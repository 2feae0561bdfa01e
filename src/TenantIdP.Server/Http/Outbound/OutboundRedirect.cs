using System.Net;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Decides whether and how a redirect becomes the next request. The next target is judged by the guard like the first.</summary>
internal static class OutboundRedirect
{
    public static bool IsRedirect(HttpResponseMessage response) => response.StatusCode is
        HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    public static HttpRequestMessage Next(HttpRequestMessage first, HttpRequestMessage current, HttpResponseMessage response)
    {
        var policy = first.Options.TryGetValue(OutboundRequest.Redirects, out var asked) ? asked : OutboundRedirects.Refuse;
        if (policy == OutboundRedirects.Refuse || (first.Method != HttpMethod.Get && first.Method != HttpMethod.Head))
            throw new OutboundRefusedException(OutboundRefusal.Redirected, "redirects are not followed here");

        var from = current.RequestUri!; // judged: not null
        if (!Uri.TryCreate(from, response.Headers.Location, out var to) || OutboundTarget.IdnHostOf(to) is not { } host)
            throw new OutboundRefusedException(OutboundRefusal.Redirected, "no usable Location");
        if (from.Scheme == Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttps)
            throw new OutboundRefusedException(OutboundRefusal.Redirected, "from https to another scheme");
        if (policy == OutboundRedirects.ApexOrWww && !IsApexOrWww(first.RequestUri!, to, host))
            throw new OutboundRefusedException(OutboundRefusal.Redirected, "to another host");
        if (policy == OutboundRedirects.WithinDomain && !IsWithin(first, to, host))
            throw new OutboundRefusedException(OutboundRefusal.Redirected, "to another domain");

        var next = new HttpRequestMessage(first.Method, to);
        // Compared with the first request: a detour over another origin does not give the credentials back.
        var sameOrigin = IsSameOrigin(first.RequestUri!, to, host) && IsSameOrigin(first.RequestUri!, from, from.IdnHost);
        foreach (var (name, values) in first.Headers)
        {
            if (sameOrigin || IsHarmless(name))
                next.Headers.TryAddWithoutValidation(name, values);
        }

        return next;
    }

    // An allow-list: signatures, keys and cookies have any name.
    private static bool IsHarmless(string header) =>
        header.Equals("Accept", StringComparison.OrdinalIgnoreCase) || header.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);

    // What was requested has been judged, and has an IDN form; of where it leads this is the host.
    private static bool IsSameOrigin(Uri requested, Uri to, string host) =>
        requested.Scheme == to.Scheme && requested.Port == to.Port && requested.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase);

    private static bool IsApexOrWww(Uri requested, Uri to, string host) => requested.Port == to.Port && Apex(requested.IdnHost).Equals(Apex(host), StringComparison.OrdinalIgnoreCase);

    private static bool IsWithin(HttpRequestMessage first, Uri to, string host) =>
        first.Options.TryGetValue(OutboundRequest.Within, out var domain)
        && first.RequestUri!.Port == to.Port // judged: not null
        && (host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase));

    private static string Apex(string host) => host.StartsWith("www.", StringComparison.OrdinalIgnoreCase) ? host[4..] : host;
}
