using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Metadata;

/// <summary>
/// Reads what an admin pastes or an address serves. A signature in it is not looked at: nothing says whose it should be, so what makes it believed is who pasted it, or the
/// TLS of the address.
/// </summary>
public static class IdpMetadataReader
{
    /// <summary>How many entity IDs are told of a document that has more.</summary>
    public const int MaxListed = 20;

    /// <summary>Core 8.3.6.</summary>
    private const int LongestEntityId = 1024;

    /// <param name="entityId">Which identity provider; null when the document has only one.</param>
    /// <param name="allowHttp">For development on one machine.</param>
    public static SamlVerdict<IdpMetadata> Read(string xml, string? entityId, DateTimeOffset now, bool allowHttp)
    {
        var checks = new CheckList();
        return checks.Conclude(
            MetadataChecks.Unreadable, () => Find(xml, entityId, checks, out var others) is { } entity ? ReadEntity(entity, others, now, allowHttp, checks) : null);
    }

    private static XmlElement? Find(string xml, string? entityId, CheckList checks, out IReadOnlyList<string> others)
    {
        others = [];
        // Copied text often has a mark or blank lines before it.
        if (!SafeXml.TryParse(xml.Trim('\uFEFF', ' ', '\t', '\r', '\n'), XmlLimits.Metadata, out var document, out var why)) return Refuse(checks, MetadataChecks.Document, why);
        if (document.DocumentElement is not { } root || !(IsEntity(root) || IsGroup(root)))
            return Refuse(checks, MetadataChecks.Document, "It begins with " + Elements.Quote(document.DocumentElement?.Name), "EntityDescriptor or EntitiesDescriptor");
        checks.Pass(MetadataChecks.Document, root.LocalName);

        var providers = Entities(root).Where(e => Role(e) is not null).ToList();
        if (providers.Count == 0) return Refuse(checks, MetadataChecks.Role, "No identity provider of SAML 2.0 is described.", "IDPSSODescriptor");
        checks.Pass(MetadataChecks.Role, $"{providers.Count} identity provider(s).");
        return Choose(providers, entityId, checks, out others);
    }

    private static XmlElement? Choose(List<XmlElement> providers, string? entityId, CheckList checks, out IReadOnlyList<string> others)
    {
        others = [];
        var chosen = entityId is null ? providers : providers.FindAll(p => Id(p) == entityId);
        if (chosen is not [var entity])
        {
            var seen = entityId is not null && chosen.Count > 1 ? "It describes that entity more than once." : "It describes " + List(providers);
            return Refuse(checks, MetadataChecks.Entity, seen, entityId is null ? "one identity provider, or which of them" : Elements.Quote(entityId));
        }

        if (Id(entity) is not { Length: > 0 and <= LongestEntityId } id) return Refuse(checks, MetadataChecks.Entity, "The entity ID is missing or too long.", $"1 to {LongestEntityId} characters");
        checks.Pass(MetadataChecks.Entity, Elements.Quote(id));
        others = [.. providers.Select(Id).OfType<string>().Where(other => other != id).Distinct(StringComparer.Ordinal).Take(MaxListed)];
        return entity;
    }

    private static IdpMetadata? ReadEntity(XmlElement entity, IReadOnlyList<string> others, DateTimeOffset now, bool allowHttp, CheckList checks)
    {
        if (Role(entity) is not { } role || Id(entity) is not { } id || !TryValidUntil(role, now, checks, out var until)) return null;
        var certificates = MetadataCertificates.Signing(role, now, checks);
        if (certificates.Count == 0) return null;

        var endpoints = new MetadataEndpoints(role, allowHttp, checks);
        var (redirect, post) = (endpoints.Find("SingleSignOnService", SamlNames.RedirectBinding), endpoints.Find("SingleSignOnService", SamlNames.PostBinding));
        if (!checks.Require((redirect ?? post) is not null, MetadataChecks.Endpoint, Said(redirect?.Url, post?.Url), "a sign-in address for HTTP-Redirect or HTTP-POST")) return null;
        var (sloRedirect, sloPost) = (endpoints.Find("SingleLogoutService", SamlNames.RedirectBinding), endpoints.Find("SingleLogoutService", SamlNames.PostBinding));
        return new IdpMetadata
        {
            EntityId = id,
            SsoRedirectUrl = redirect?.Url,
            SsoPostUrl = post?.Url,
            SloRedirectUrl = sloRedirect?.Url,
            SloPostUrl = sloPost?.Url,
            SloResponseUrl = (sloRedirect ?? sloPost)?.ResponseUrl,
            SigningCertificates = certificates,
            WantAuthnRequestsSigned = role.Attribute("WantAuthnRequestsSigned") is "true" or "1",
            ValidUntil = until,
            OtherEntityIds = others,
        };
    }

    /// <summary>A group's end is also the end of what is in it (Metadata 2.3.1).</summary>
    private static bool TryValidUntil(XmlElement role, DateTimeOffset now, CheckList checks, out DateTimeOffset? until)
    {
        until = null;
        for (var element = role; element is not null; element = element.ParentNode as XmlElement)
        {
            if (element.Attribute("validUntil") is not { } text) continue;
            if (!Elements.TryTime(text, out var time)) return checks.Fail(MetadataChecks.ValidUntil, Elements.Quote(text), "a time such as 2030-01-31T00:00:00Z");
            if (until is null || time < until) until = time;
        }

        return until is not { } end
            ? checks.Skip(MetadataChecks.ValidUntil, "No end is named.")
            : checks.Require(now < end, MetadataChecks.ValidUntil, Elements.Say(end), "later than " + Elements.Say(now));
    }

    private static bool IsEntity(XmlElement element) => element.Is(SamlNames.MetadataNamespace, "EntityDescriptor");

    private static bool IsGroup(XmlElement element) => element.Is(SamlNames.MetadataNamespace, "EntitiesDescriptor");

    private static IEnumerable<XmlElement> Entities(XmlElement element) =>
        IsEntity(element) ? [element] : element.Children().Where(child => IsEntity(child) || IsGroup(child)).SelectMany(Entities);

    private static string? Id(XmlElement entity) => entity.Attribute("entityID");

    private static XmlElement? Role(XmlElement entity) => entity.Children(SamlNames.MetadataNamespace, "IDPSSODescriptor")
        .FirstOrDefault(role => role.Attribute("protocolSupportEnumeration")?.Split(null as char[], StringSplitOptions.RemoveEmptyEntries).Contains(SamlNames.ProtocolNamespace) == true);

    private static string List(List<XmlElement> providers) =>
        string.Join(", ", providers.Take(MaxListed).Select(p => Elements.Quote(Id(p)))) + (providers.Count > MaxListed ? $" and {providers.Count - MaxListed} more" : "");

    private static string Said(params string?[] urls) => urls.OfType<string>().Select(url => Elements.Quote(url)).ToList() is { Count: > 0 } said ? string.Join(", ", said) : "None that can be used.";

    private static XmlElement? Refuse(CheckList checks, SamlRule rule, string seen, string? expected = null)
    {
        checks.Fail(rule, seen, expected);
        return null;
    }
}
