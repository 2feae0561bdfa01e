using System.Text.Json;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Who a valid response is about (docs/decisions/0005): a key that never changes for a person, and facts that may.</summary>
internal static class SamlIdentity
{
    public static readonly SamlRule Subject = new("subject", "Core 8.3",
        "The answer has no identifier that never changes for the person. Send a persistent NameID, or set the connection's subject to an attribute that never changes, such as an object id.");

    private const string Claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

    // What identity providers call these unless somebody chooses otherwise (SAML.md section 3).
    private static readonly string[] EmailNames = ["email", "mail", "emailAddress", "emailaddress", $"{Claims}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3"];
    private static readonly string[] DisplayNames = ["displayName", "name", "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241"];
    private static readonly string[] GivenNames = ["firstName", "givenName", "first_name", "given_name", $"{Claims}givenname", "urn:oid:2.5.4.42"];
    private static readonly string[] FamilyNames = ["lastName", "surname", "sn", "last_name", "family_name", $"{Claims}surname", "urn:oid:2.5.4.4"];

    public static SamlVerdict<ExternalIdentity> Read(ValidatedResponse response, ConnectionSnapshot connection)
    {
        var settings = connection.Saml!; // a SAML connection has them
        var (subject, check) = settings.Subject is SamlSettings.SubjectIsNameId or SamlSettings.SubjectIsEmailNameId ? OfNameId(response.NameId, settings.Subject) : OfAttribute(response, settings.Subject);
        if (subject is null) return SamlVerdict<ExternalIdentity>.Refused([check]);
        var names = settings.Attributes;
        var name = PersonName.Cleaned(Value(response, names.Name, DisplayNames), Value(response, names.GivenName, GivenNames), Value(response, names.FamilyName, FamilyNames));
        // Never verified by itself: whether an organization's word counts for an address is a question of its domains and of the connection.
        var external = new ExternalIdentity(response.Issuer, subject, Email(response, names.Email), EmailVerified: false, name, [])
        {
            RoleValues = Roles(response, connection.SsoRoles), Session = SessionOf(response),
        };
        return SamlVerdict<ExternalIdentity>.Accepted(external, [check]);
    }

    private static (string? Subject, SamlCheck Check) OfNameId(SamlNameId? nameId, string wanted)
    {
        var byEmail = wanted == SamlSettings.SubjectIsEmailNameId;
        var expected = byEmail ? "an emailAddress, persistent or unspecified NameID" : "a persistent or unspecified NameID";
        if (nameId is null) return Refuse("No NameID.", expected);
        // Transient is another one at each sign-in; an address is given to the next person who has the name.
        var stays = nameId.Format is null or SamlNames.UnspecifiedNameId or SamlNames.PersistentNameId || (byEmail && nameId.Format == SamlNames.EmailNameId);
        // "Unspecified" says nothing about what it is; one with an @ is an address in all but its name (Okta's default).
        if (!byEmail && nameId.Format != SamlNames.PersistentNameId && nameId.Value.Contains('@', StringComparison.Ordinal)) stays = false;
        return stays ? (nameId.Value, Passed($"NameID, format {Short(nameId.Format)}.")) : Refuse($"NameID, format {Short(nameId.Format)}.", expected);
    }

    private static (string? Subject, SamlCheck Check) OfAttribute(ValidatedResponse response, string name)
    {
        var values = Values(response, name);
        return values is [{ Length: > 0 } only] ? (only, Passed($"Attribute {name}.")) : Refuse($"Attribute {name} with {values?.Count ?? 0} value(s).", "one value");
    }

    private static SamlCheck Passed(string seen) => new(Subject, SamlOutcome.Passed, seen);

    private static (string? Subject, SamlCheck Check) Refuse(string seen, string expected) => (null, new SamlCheck(Subject, SamlOutcome.Failed, seen, expected));

    private static string Short(string? format) => format is null ? "unspecified" : format[(format.LastIndexOf(':') + 1)..] is { Length: <= 40 } last ? last : "unknown";

    private static EmailAddress? Email(ValidatedResponse response, string? mapped)
    {
        var values = FirstPresent(response, mapped, EmailNames);
        // A list of addresses is nobody's address.
        var text = values is { Count: > 0 } ? (values is [var only] ? only : null) : response.NameId is { Format: SamlNames.EmailNameId } nameId ? nameId.Value : null;
        return EmailAddress.TryParse(text, out var address) ? address : null;
    }

    private static string? Value(ValidatedResponse response, string? mapped, string[] usual) => FirstPresent(response, mapped, usual) is [var only] ? only : null;

    private static IReadOnlyList<string>? FirstPresent(ValidatedResponse response, string? mapped, string[] usual) =>
        (mapped is null ? usual : [mapped]).Select(name => Values(response, name)).FirstOrDefault(values => values is { Count: > 0 });

    /// <summary>Only what a rule knows: the rest is nobody's business and would not fit into a cookie. Null when the attribute is absent, as with Entra ID's overage of groups.</summary>
    private static IReadOnlyList<string>? Roles(ValidatedResponse response, SsoRoles? mapping)
    {
        if (mapping is null || Values(response, mapping.Attribute) is not { } said) return null;
        var values = said.ToHashSet(StringComparer.Ordinal);
        return [.. mapping.Rules.Select(r => r.Value).Distinct(StringComparer.Ordinal).Where(values.Contains)];
    }

    /// <summary>Of all attributes with this very name; null when there is none.</summary>
    private static IReadOnlyList<string>? Values(ValidatedResponse response, string name)
    {
        var found = response.Attributes.Where(a => a.Name == name).ToList();
        return found.Count == 0 ? null : [.. found.SelectMany(a => a.Values)];
    }

    /// <summary>By it the sessions of a person are found again when the identity provider ends them.</summary>
    public static string HashOf(SamlNameId nameId) => Fingerprint.Of(nameId.Value);

    private static UpstreamSessionFacts? SessionOf(ValidatedResponse response) =>
        response.NameId is { } nameId ? new UpstreamSessionFacts(JsonSerializer.Serialize(nameId, JsonText.Options), HashOf(nameId), response.SessionIndex) : null;
}
