using System.Text.Json.Nodes;
using TenantIdP.Core.Connections;
using TenantIdP.Saml.Keys;
using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Configuration;

/// <summary>The SAML part of a connection, by the names of the API.</summary>
internal static class SamlShape
{
    private static readonly string[] Bindings = ConfigJson.ToTexts<SamlBinding>();

    public static Shape Instance { get; } = Shape.Merged(
        new("preset", Shape.Text, PropertyTraits.Nullable),
        new("entityId", Shape.Text),
        new("ssoUrl", Shape.Text),
        new("ssoBinding", Shape.Choice(Bindings)),
        new("sloUrl", Shape.Text, PropertyTraits.Nullable),
        new("sloBinding", Shape.Choice(Bindings)),
        new("sloResponseUrl", Shape.Text, PropertyTraits.Nullable),
        new("metadataUrl", Shape.Text, PropertyTraits.Nullable),
        new("certificates", new CertificatesShape()),
        new("spEntityId", Shape.Text, PropertyTraits.Nullable),
        new("entityIdAliases", Shape.Set),
        new("acsAliases", Shape.Set),
        new("subject", Shape.Text),
        new("attributes", Shape.Merged(
            new("email", Shape.Text, PropertyTraits.Nullable), new("name", Shape.Text, PropertyTraits.Nullable), new("givenName", Shape.Text, PropertyTraits.Nullable),
            new("familyName", Shape.Text, PropertyTraits.Nullable))),
        new("signRequests", Shape.Flag),
        new("nameIdFormat", Shape.Text, PropertyTraits.Nullable),
        new("requestedContexts", Shape.List),
        new("sendLoginHint", Shape.Flag),
        new("allowSha1", Shape.Flag),
        new("allowAesCbc", Shape.Flag),
        new("requireEncryption", Shape.Flag),
        new("refuseExpiredCertificates", Shape.Flag),
        new("idpInitiatedApp", Shape.Text, PropertyTraits.Nullable));

    /// <summary>PEM, compared by the certificate and not by its text.</summary>
    private sealed class CertificatesShape : Shape
    {
        public override JsonNode? Read(YamlNode node, ConfigProblems problems)
        {
            if (Set.Read(node, problems) is not JsonArray texts) return null;
            if (texts.Select(t => Of(t)).FirstOrDefault(found => found.Count == 0) is null) return Canonical(texts);
            problems.Add(node, "config_certificate_invalid", "Each entry is one or more certificates in PEM, of at least 2048 bits (RSA) or 256 bits (ECDSA).");
            return null;
        }

        public override JsonNode? Canonical(JsonNode? stored) =>
            stored is JsonArray texts ? new JsonArray([.. texts.SelectMany(Of).DistinctBy(c => c.Thumbprint).OrderBy(c => c.Thumbprint, StringComparer.Ordinal).Select(c => JsonValue.Create(c.ToPem()))]) : null;

        public override string Show(JsonNode? before, JsonNode? after)
        {
            var (was, becomes) = (Thumbprints(before), Thumbprints(after));
            var parts = becomes.Except(was).Select(t => "+" + t).Concat(was.Except(becomes).Select(t => "-" + t)).ToList();
            return parts.Count > 0 ? string.Join(' ', parts) : "[]";
        }

        public override JsonNode? Visible(JsonNode? value) => new JsonArray([.. Thumbprints(value).Select(t => JsonValue.Create(t))]);

        private static List<string> Thumbprints(JsonNode? value) => value is JsonArray texts ? [.. texts.SelectMany(Of).Select(c => "sha256:" + c.Thumbprint)] : [];

        private static IReadOnlyList<SamlCertificate> Of(JsonNode? text) => SamlCertificate.TryReadAll(text?.GetValue<string>(), out var found) ? found : [];
    }
}
