using System.Text;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Requests;
using Xunit;

namespace TenantIdP.Saml.Tests.Logout;

/// <summary>Valid messages, and everything that one of them may lack.</summary>
public sealed class LogoutTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void A_signed_request_is_read_as_it_was_written(bool isRedirect)
    {
        var xml = LogoutWriter.Write(IdpLogout.Request);
        var message = isRedirect ? IdpLogout.FromRedirect(IdpLogout.Query(xml, IdpLogout.Key)) : IdpLogout.FromPost(IdpLogout.Field(xml, IdpLogout.Key));

        var read = LogoutValidator.ReadRequest(message, IdpLogout.Rules);

        Assert.True(read.IsOk, read.Failure?.Seen);
        Assert.Equal(IdpLogout.Request.SessionIndexes, read.Value.SessionIndexes);
        Assert.Equal(IdpLogout.Request, read.Value with { SessionIndexes = IdpLogout.Request.SessionIndexes });
        Assert.Equal(isRedirect ? ("state 1", SamlParameter.Request) : (null, (SamlParameter?)null), (message.RelayState, message.Parameter));
        Assert.Contains(read.Checks, c => c.Rule.Code == "signature_value" && c.Outcome == SamlOutcome.Passed);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_signed_response_is_read_as_it_was_written(bool isRedirect)
    {
        var xml = LogoutWriter.Write(IdpLogout.Response);
        var message = isRedirect ? IdpLogout.FromRedirect(IdpLogout.Query(xml, IdpLogout.Key, SamlParameter.Response)) : IdpLogout.FromPost(IdpLogout.Field(xml, IdpLogout.Key));

        var read = LogoutValidator.ReadResponse(message, IdpLogout.Rules with { InResponseTo = "_ours" });

        Assert.True(read.IsOk, read.Failure?.Seen);
        Assert.Equal(IdpLogout.Response, read.Value);
        Assert.Contains(read.Checks, c => c.Rule == LogoutChecks.Status && c.Outcome == SamlOutcome.Warned);
    }

    [Fact]
    public void A_request_that_names_little_is_about_all_sessions()
    {
        var little = IdpLogout.Request with { NotOnOrAfter = null, SessionIndexes = [], NameId = new("ann", null, null, null) };

        var read = LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(LogoutWriter.Write(little), IdpLogout.Key)), IdpLogout.Rules).Value;

        Assert.Equal((little.NameId, 0, null), (read!.NameId, read.SessionIndexes.Count, read.NotOnOrAfter)); // accepted
    }

    /// <summary>What is replaced before the identity provider signs; and the rule that must fail.</summary>
    public static TheoryData<string, string, string> Mutations => new()
    {
        { "LogoutRequest", "LogoutResponse", "logout_message" },
        { "LogoutRequest", "AuthnRequest", "logout_message" },
        { "2.0:protocol", "2.0:other", "logout_message" },
        { "Version=\"2.0\"", "Version=\"1.1\"", "logout_message" },
        { ">https://idp.example.test<", ">https://other.example.test<", "logout_issuer" },
        { "<saml:Issuer>", "<saml:Issuer Format=\"urn:other\">", "logout_issuer" },
        { "</saml:Issuer>", "</saml:Issuer><saml:Issuer>https://idp.example.test</saml:Issuer>", "logout_issuer" },
        { "Destination=\"https://sp.example.test/slo\"", "Destination=\"https://other.example.test/slo\"", "logout_destination" },
        { "Destination=\"https://sp.example.test/slo\"", "Destination=\"https://sp.example.test/SLO\"", "logout_destination" },
        { "Destination=\"https://sp.example.test/slo\"", "", "logout_destination" },
        { "IssueInstant=\"2026-11-26T12:00:00Z\"", "IssueInstant=\"2026-11-26T11:52:59Z\"", "logout_issue_instant" },
        { "IssueInstant=\"2026-11-26T12:00:00Z\"", "IssueInstant=\"2026-11-26T12:07:01Z\"", "logout_issue_instant" },
        { "IssueInstant=\"2026-11-26T12:00:00Z\"", "IssueInstant=\"now\"", "logout_issue_instant" },
        { "NotOnOrAfter=\"2026-11-26T12:05:00Z\"", "NotOnOrAfter=\"2026-11-26T11:58:00Z\"", "logout_not_on_or_after" },
        { "NotOnOrAfter=\"2026-11-26T12:05:00Z\"", "NotOnOrAfter=\"\"", "logout_not_on_or_after" },
        { "saml:NameID", "saml:EncryptedID", "logout_name_id" },
        { "ann &amp; co", " ", "logout_name_id" },
        { "ann &amp; co", "ann<b/>", "logout_name_id" },
        { "<samlp:SessionIndex>", "<saml:NameID>eve</saml:NameID><samlp:SessionIndex>", "logout_name_id" },
        { ">_s1<", "><", "logout_sessions" },
    };

    [Theory, MemberData(nameof(Mutations))]
    [Trait("Attack", "A3")]
    public void One_thing_wrong_in_a_signed_request_is_one_rule_that_fails(string part, string instead, string rule)
    {
        var xml = LogoutWriter.Write(IdpLogout.Request);
        Assert.Contains(part, xml, StringComparison.Ordinal);
        var changed = xml.Replace(part, instead, StringComparison.Ordinal);

        Assert.Equal(rule, LogoutValidator.ReadRequest(IdpLogout.FromRedirect(IdpLogout.Query(changed, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);
        Assert.Equal(rule, LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(changed, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule.Code);
    }

    [Theory]
    [InlineData("InResponseTo=\"_ours\"", "InResponseTo=\"_other\"", "logout_in_response_to")]
    [InlineData("InResponseTo=\"_ours\"", "", "logout_in_response_to")]
    [InlineData("samlp:Status>", "samlp:State>", "logout_status")]
    [InlineData("<samlp:Status>", "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>", "logout_status")]
    [InlineData("Destination=\"https://sp.example.test/slo\"", "Destination=\"https://other.example.test/slo\"", "logout_destination")]
    public void One_thing_wrong_in_a_signed_response_is_one_rule_that_fails(string part, string instead, string rule)
    {
        var xml = LogoutWriter.Write(IdpLogout.Response);
        Assert.Contains(part, xml, StringComparison.Ordinal);

        var read = LogoutValidator.ReadResponse(IdpLogout.FromPost(IdpLogout.Field(xml.Replace(part, instead, StringComparison.Ordinal), IdpLogout.Key)), IdpLogout.Rules with { InResponseTo = "_ours" });

        Assert.Equal(rule, read.Failure?.Rule.Code);
    }

    [Fact]
    public void What_we_send_verifies_elsewhere()
    {
        var ours = LogoutWriter.Write(IdpLogout.Request with { Id = RequestIds.New() });

        Assert.True(OurKey.IsSigned(IdpLogout.Decode(IdpLogout.Field(ours, IdpLogout.Key)), IdpLogout.Key.Certificate));
        Assert.True(OurKey.IsSigned(IdpLogout.Decode(IdpLogout.Field(LogoutWriter.Write(IdpLogout.Response), IdpLogout.Key)), IdpLogout.Key.Certificate));
    }

    [Fact]
    public void More_sessions_than_a_person_has_are_refused()
    {
        var many = LogoutWriter.Write(IdpLogout.Request with { SessionIndexes = [.. Enumerable.Range(0, 101).Select(i => $"_{i}")] });

        Assert.Equal(LogoutChecks.Sessions, LogoutValidator.ReadRequest(IdpLogout.FromPost(IdpLogout.Field(many, IdpLogout.Key)), IdpLogout.Rules).Failure?.Rule);
    }

    [Theory, InlineData(""), InlineData("%%%"), InlineData("PGE+"), InlineData("PCFET0NUWVBFIGEgW108IUVOVElUWSBiICdjJz5dPjxhPiZiOzwvYT4=")]
    public void A_field_that_is_no_message_is_refused(string field) => Assert.Equal(LogoutChecks.Carried, LogoutMessage.FromPost(field).Failure?.Rule);

    [Fact]
    [Trait("Attack", "G3")]
    public void A_field_larger_than_a_message_may_be_is_refused() =>
        Assert.False(LogoutMessage.FromPost(Convert.ToBase64String(Encoding.ASCII.GetBytes("<a>" + new string('a', 1024 * 1024) + "</a>"))).IsOk);
}
