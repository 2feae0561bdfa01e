using System.Text;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Saml.Tests.Logout;

/// <summary>Valid messages of an identity provider, and what they are judged by.</summary>
internal static class IdpLogout
{
    public const string EntityId = "https://idp.example.test";
    public const string SloUrl = "https://sp.example.test/slo";

    public static readonly LogoutRequest Request = new()
    {
        Id = "_request", Issuer = EntityId, Destination = SloUrl, IssueInstant = OurKey.Now, NotOnOrAfter = OurKey.Now.AddMinutes(5),
        NameId = new SamlNameId("ann & co", SamlNames.PersistentNameId, EntityId, "https://sp.example.test"), SessionIndexes = ["_s1", "_s2"],
    };

    public static readonly LogoutResponse Response = new()
    {
        Id = "_response", InResponseTo = "_ours", Issuer = EntityId, Destination = SloUrl, IssueInstant = OurKey.Now, Status = SamlNames.ResponderStatus, SubStatus = SamlNames.PartialLogoutStatus,
    };

    /// <summary>One for all tests, because making one is slow.</summary>
    public static readonly SamlKeyPair Key = OurKey.Make("idp");

    public static LogoutRules Rules => new() { IdpEntityId = EntityId, SloUrls = [SloUrl, "https://old.example.test/slo"], Certificates = [Key.Certificate], Now = OurKey.Now };

    /// <summary>With its question mark.</summary>
    public static string Query(string xml, SamlKeyPair? key, SamlParameter parameter = SamlParameter.Request, string? relayState = "state 1") =>
        RedirectBinding.Encode(SloUrl, parameter, xml, relayState, key)[SloUrl.Length..];

    public static string Field(string xml, SamlKeyPair? key) => PostBinding.Encode(SloUrl, SamlParameter.Request, xml, null, key).Fields[0].Value;

    public static LogoutMessage FromRedirect(string query) => Accepted(LogoutMessage.FromRedirect(query));

    public static LogoutMessage FromPost(string field) => Accepted(LogoutMessage.FromPost(field));

    public static string Decode(string field) => Encoding.UTF8.GetString(Convert.FromBase64String(field));

    public static string Encode(string xml) => Convert.ToBase64String(Encoding.UTF8.GetBytes(xml));

    private static LogoutMessage Accepted(SamlVerdict<LogoutMessage> verdict) => verdict.Value ?? throw new InvalidOperationException(verdict.Failure?.Seen);
}
