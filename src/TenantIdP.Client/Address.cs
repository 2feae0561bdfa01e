namespace TenantIdP.Client;

/// <summary>The issuer as tokens name it.</summary>
internal static class Address
{
    public static string Of(string issuer) => issuer.TrimEnd('/');

    public static bool IsLoopback(string issuer) => new Uri(issuer).IsLoopback;

    /// <summary>Tokens and secrets travel to it: https, except on the developer's own machine.</summary>
    public static bool IsAcceptable(string issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
        && address is { Query: "", Fragment: "", UserInfo: "" };

    /// <summary>A path on this site: an address from a request must not send people elsewhere.</summary>
    public static string Local(string? path) => path is ['/'] or ['/', not ('/' or '\\'), ..] && !path.Any(char.IsControl) ? path : "/";
}
