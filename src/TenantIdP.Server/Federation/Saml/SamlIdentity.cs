using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Who a validated response is about (docs/decisions/0005). The tenant and the key come from the connection; only values come from here.</summary>
internal sealed class SamlIdentity(TraceRecorder trace)
{
    private const string Claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
    private const string Microsoft = "http://schemas.microsoft.com/identity/claims/";

    private static readonly string[] Emails = ["email", "mail", "emailAddress", "emailaddress", "Email", Claims + "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1"];
    private static readonly string[] Names = ["displayName", "name", Microsoft + "displayname", "urn:oid:2.16.840.1.113730.3.1.241"];
    private static readonly string[] GivenNames = ["firstName", "givenName", "given_name", "firstname", Claims + "givenname", "urn:oid:2.5.4.42"];
    private static readonly string[] FamilyNames = ["lastName", "surname", "sn", "family_name", "lastname", Claims + "surname", "urn:oid:2.5.4.4"];

    /// <summary>Null when the response does not say, in the way that the connection asks for, who it is; the reason is in the trace.</summary>
    public ExternalIdentity? Read(ConnectionSnapshot connection, SamlSettings settings, ValidatedResponse response)
    {
        if (Subject(settings, response) is not { } subject) return null;
        var attributes = settings.Attributes;
        var address = One(response, attributes.Email, Emails) ?? (response.NameId is { Format: SamlNames.EmailNameId } named ? named.Value : null);
        var email = EmailAddress.TryParse(address, out var parsed) ? parsed : (EmailAddress?)null;
        trace.Add("response", "email", email is null ? TraceVerdict.Warned : TraceVerdict.Noted, email is { } known ? TraceRecorder.Masked(known) : "none", "one address", email is null ? "Send the person's email address as an attribute, once." : null);
        var display = One(response, attributes.Name, Names);
        var name = PersonName.Cleaned(display, One(response, attributes.GivenName, GivenNames), One(response, attributes.FamilyName, FamilyNames));
        if (name.Display is null && (name.Given ?? name.Family) is not null) name = PersonName.Cleaned($"{name.Given} {name.Family}".Trim(), name.Given, name.Family);
        return new ExternalIdentity(response.Issuer, subject, email, EmailVerified: false, name, [])
        {
            RoleValues = Roles(connection.SsoRoles, response),
            Session = response.NameId is { } id ? new UpstreamSessionFacts(JsonSerializer.Serialize(id, JsonText.Options), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id.Value))), response.SessionIndex) : null,
        };
    }

    private string? Subject(SamlSettings settings, ValidatedResponse response)
    {
        var (subject, why) = settings.Subject switch
        {
            SamlSettings.SubjectIsNameId => NameId(response.NameId),
            SamlSettings.SubjectIsEmailNameId => response.NameId is { Format: not SamlNames.TransientNameId } id ? (id.Value, null) : (null, "no name identifier, or one for this session only"),
            var attribute => response.Attributes.Where(a => a.Name == attribute).SelectMany(a => a.Values).ToList() is [{ Length: > 0 } only] ? (only, null) : (null, $"not exactly one value of the attribute {attribute}"),
        };
        if (why is null) trace.Add("response", "subject", TraceVerdict.Passed, settings.Subject);
        else trace.Add("response", "subject", TraceVerdict.Failed, why, settings.Subject, "Send a persistent name identifier, or choose the attribute that never changes for a person as this connection's subject.");
        return subject;
    }

    /// <summary>An address is given to the next person of that name one day; a transient identifier is another one at each sign-in (SECURITY.md A16).</summary>
    private static (string? Subject, string? Why) NameId(SamlNameId? id) => id switch
    {
        null => (null, "no name identifier"),
        { Format: SamlNames.PersistentNameId } => (id.Value, null),
        { Format: SamlNames.TransientNameId } => (null, "a name identifier for this session only"),
        { Format: null or SamlNames.UnspecifiedNameId } when !id.Value.Contains('@', StringComparison.Ordinal) => (id.Value, null),
        _ => (null, "a name identifier that is an address or may change"),
    };

    // Several addresses are nobody's.
    private static string? One(ValidatedResponse response, string? mapped, string[] usual)
    {
        foreach (var name in mapped is null ? usual : [mapped])
        {
            var values = response.Attributes.Where(a => a.Name == name).SelectMany(a => a.Values).ToList();
            if (values.Count > 0) return values is [var only] ? only.Trim() : null;
        }

        return null;
    }

    private static IReadOnlyList<string>? Roles(SsoRoles? mapping, ValidatedResponse response)
    {
        if (mapping is null) return null;
        var said = response.Attributes.Where(a => a.Name == mapping.Attribute).ToList();
        if (said.Count == 0) return null;
        var values = said.SelectMany(a => a.Values).ToHashSet(StringComparer.Ordinal);
        return [.. mapping.Rules.Select(r => r.Value).Distinct(StringComparer.Ordinal).Where(values.Contains)];
    }
}
