using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Metadata;

/// <param name="ResponseUrl">Where responses go, when it is another address.</param>
internal sealed record MetadataEndpoint(string Url, string? ResponseUrl);

/// <summary>The addresses of a role (Metadata 2.2.2).</summary>
internal sealed class MetadataEndpoints(XmlElement role, bool allowHttp, CheckList checks)
{
    private const int MaxEndpoints = 20;
    private const int LongestUrl = 2048;

    /// <summary>The first one for that binding whose address can be used; the others are remarked on.</summary>
    public MetadataEndpoint? Find(string name, string binding)
    {
        foreach (var element in role.Children(SamlNames.MetadataNamespace, name).Where(e => e.Attribute("Binding") == binding).Take(MaxEndpoints))
        {
            if (Usable(element, "Location") is { } url) return new MetadataEndpoint(url, Usable(element, "ResponseLocation"));
        }

        return null;
    }

    private string? Usable(XmlElement element, string attribute)
    {
        if (element.Attribute(attribute) is not { } text) return null;
        if (IsUsable(text)) return text;
        checks.Warn(MetadataChecks.Endpoint, $"{element.LocalName}: {Elements.Quote(text)} can't be used.", allowHttp ? "an absolute http or https address" : "an absolute https address");
        return null;
    }

    private bool IsUsable(string text) =>
        text.Length <= LongestUrl && Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (allowHttp && url.Scheme == Uri.UriSchemeHttp))
        && url is { UserInfo: "", Fragment: "" } && text.StartsWith(url.Scheme + "://", StringComparison.OrdinalIgnoreCase) && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c));
}
