namespace TenantIdP.Server.Http.Outbound;

/// <summary>Where a redirect may lead. Only GET and HEAD are ever redirected, and never from https to http.</summary>
public enum OutboundRedirects
{
    /// <summary>The default, and right for discovery, JWKS, token, userinfo, webhooks and logout: a redirect is a failure.</summary>
    Refuse,

    /// <summary>Between example.com and www.example.com only (domain proof files).</summary>
    ApexOrWww,

    /// <summary>To the domain that <see cref="OutboundRequest.Within"/> names and what lies beneath it, on the port of the first request (domain proof by meta tag).</summary>
    WithinDomain,

    /// <summary>To any host that passes the same checks as the first one.</summary>
    Anywhere,
}

/// <summary>Options a caller may put on a single request.</summary>
public static class OutboundRequest
{
    /// <summary>Whose request this is (a connection id): the cap on concurrency counts per value. Without it the host counts.</summary>
    public static readonly HttpRequestOptionsKey<string> Connection = new("connection");

    public static readonly HttpRequestOptionsKey<OutboundRedirects> Redirects = new("redirects");

    /// <summary>The domain of <see cref="OutboundRedirects.WithinDomain"/>, as A-labels; without it no redirect is followed.</summary>
    public static readonly HttpRequestOptionsKey<string> Within = new("within");

    /// <summary>A cap below <see cref="OutboundOptions.MaxResponseBytes"/>; a larger value changes nothing.</summary>
    public static readonly HttpRequestOptionsKey<int> MaxResponseBytes = new("max_response_bytes");
}
