using System.Globalization;
using System.Net;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Judges a URL before anything is resolved or dialled; a name's addresses are judged by the connector.</summary>
public static class OutboundTarget
{
    /// <summary>The reason to refuse, or null when the URL may be tried.</summary>
    public static OutboundRefusal? Judge(Uri? uri, OutboundOptions options)
    {
        if (uri is not { IsAbsoluteUri: true } || uri.UserInfo.Length > 0 || !IsSchemeAllowed(uri, options) || WrittenHost(uri) is not { } written)
            return OutboundRefusal.UrlNotAllowed;

        var listed = options.AllowLoopbackAndPrivate || options.IsListed(uri.IdnHost, uri.Port);
        if (!IsHostFormAllowed(uri, written, listed))
            return OutboundRefusal.HostNotAllowed;
        if (uri.Port != 443 && !listed)
            return OutboundRefusal.PortNotAllowed;
        if (IPAddress.TryParse(uri.IdnHost, out var address) && !options.MayReach(OutboundAddress.Judge(address), uri.IdnHost, uri.Port))
            return OutboundRefusal.AddressNotPublic;
        return null;
    }

    private static bool IsSchemeAllowed(Uri uri, OutboundOptions options) =>
        uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && options.AllowLoopbackAndPrivate);

    private static bool IsHostFormAllowed(Uri uri, string written, bool listed) => uri.HostNameType switch
    {
        UriHostNameType.Dns => IsNameAllowed(uri.IdnHost, listed),
        // Uri turns 2130706433, 0x7f.1 and 017700000001 into 127.0.0.1; only the plain dotted form is what a person means.
        UriHostNameType.IPv4 => written == uri.Host,
        UriHostNameType.IPv6 => !written.Contains('%'),
        _ => false,
    };

    private static bool IsNameAllowed(string host, bool listed)
    {
        var labels = host.Split('.');
        var last = labels[^1];
        // A name that ends in a number is an address to some resolvers (WHATWG URL 3.5); an empty last label is the trailing dot.
        return labels.All(l => l.Length > 0 && l.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            && !last.All(char.IsAsciiDigit)
            && !last.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && (listed || (labels.Length > 1 && !last.Equals("localhost", StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>The host as it was written, before Uri made it canonical; null when the authority is not plainly there.</summary>
    private static string? WrittenHost(Uri uri)
    {
        var written = uri.OriginalString;
        var prefix = $"{uri.Scheme}://";
        if (!written.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            return null;

        var rest = written.AsSpan(prefix.Length);
        var end = rest.IndexOfAny("/?#\\");
        var authority = end < 0 ? rest : rest[..end];
        if (authority.StartsWith("["))
            return authority.IndexOf(']') is > 0 and var close ? authority[..(close + 1)].ToString() : null;

        var colon = authority.IndexOf(':');
        return (colon < 0 ? authority : authority[..colon]).ToString().ToLower(CultureInfo.InvariantCulture);
    }
}
