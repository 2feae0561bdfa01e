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

        if (IdnHostOf(uri) is not { } host)
            return OutboundRefusal.HostNotAllowed;

        var listed = options.AllowLoopbackAndPrivate || options.IsListed(host, uri.Port);
        if (!IsHostFormAllowed(uri, host, written, listed))
            return OutboundRefusal.HostNotAllowed;
        if (uri.Port != 443 && !listed)
            return OutboundRefusal.PortNotAllowed;
        if (IPAddress.TryParse(host, out var address) && !options.MayReach(OutboundAddress.Judge(address), host, uri.Port))
            return OutboundRefusal.AddressNotPublic;
        return null;
    }

    /// <summary>The host as A-labels, or null when it has no such form (a label that is too long in it): <see cref="Uri"/> takes such a host and throws when it is asked.</summary>
    public static string? IdnHostOf(Uri uri)
    {
        try
        {
            return uri.IdnHost;
        }
        catch (UriFormatException)
        {
            return null;
        }
    }

    private static bool IsSchemeAllowed(Uri uri, OutboundOptions options) =>
        uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && options.AllowLoopbackAndPrivate);

    private static bool IsHostFormAllowed(Uri uri, string host, string written, bool listed) => uri.HostNameType switch
    {
        UriHostNameType.Dns => IsNameAllowed(host, listed),
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
