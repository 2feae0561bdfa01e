using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Filters;

public sealed class FilterEvaluatorTests
{
    private const string Custom = ScimUrns.CustomUser, Enterprise = ScimUrns.EnterpriseUser;

    private static readonly ComplexValue Ann = Resources.Ann(
        $$$"""
        "externalId":"Ext-1","active":true,"title":"50% off_\\ \"x\"","nickName":"","name":{"givenName":"Ann","familyName":"Müller"},
        "emails":[{"value":"ann@acme.test","type":"work","primary":true},{"value":"ann@home.test","type":"home"}],
        "profileUrl":"https://Acme.test/Ann","x509Certificates":[{"value":"AAEC"}],
        "{{{Enterprise}}}":{"department":"R&D","manager":{"value":"u9"}},
        "{{{Custom}}}":{"badge":"Ab1","grade":7,"share":0.5,"hired":"2020-02-01T10:00:00+02:00","remote":false,"skills":["go","C#"]}
        """).Set(CommonAttributes.Meta, new ComplexValue().Set(CommonAttributes.Created, new DateTimeValue(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))));

    [Theory]
    [InlineData("userName eq \"ANN@ACME.TEST\"", true)]
    [InlineData("userName eq \"ann@acme.tes\"", false)]
    [InlineData("userName ne \"Ann@acme.test\"", false)]
    [InlineData("userName co \"@ACME\"", true)]
    [InlineData("userName sw \"ANN\"", true)]
    [InlineData("userName sw \"nn\"", false)]
    [InlineData("userName ew \".TEST\"", true)]
    [InlineData("userName gt \"amz\"", true)]
    [InlineData("userName lt \"AMZ\"", false)]
    [InlineData("userName ge \"ann@acme.test\"", true)]
    [InlineData("userName le \"ann@acme.test\"", true)]
    [InlineData("id eq \"u1\"", true)]
    [InlineData("id eq \"U1\"", false)]
    [InlineData("externalId eq \"Ext-1\"", true)]
    [InlineData("externalId eq \"ext-1\"", false)]
    [InlineData("externalId sw \"ext\"", false)]
    [InlineData("profileUrl eq \"https://acme.test/Ann\"", false)]
    [InlineData("name.familyName eq \"MÜLLER\"", true)]
    [InlineData("name[familyName eq \"müller\" and givenName eq \"ann\"]", true)]
    [InlineData("name[familyName eq \"müller\" and givenName eq \"bob\"]", false)]
    [InlineData("name pr", true)]
    [InlineData("name.middleName pr", false)]
    [InlineData("nickName pr", false)]
    [InlineData("title co \"%\"", true)]
    [InlineData("title sw \"5_\"", false)]
    [InlineData("title co \"f_\\\\\"", true)]
    [InlineData("title ew \"\\\"x\\\"\"", true)]
    [InlineData("title co \"\"", true)]
    [InlineData("active eq true", true)]
    [InlineData("active eq \"True\"", true)]
    [InlineData("active ne true", false)]
    [InlineData("displayName eq null", true)]
    [InlineData("displayName ne null", false)]
    [InlineData("title eq null", false)]
    [InlineData("title ne null", true)]
    [InlineData("displayName ne \"x\"", true)]
    [InlineData("displayName eq \"\"", false)]
    [InlineData("displayName gt \"\"", false)]
    [InlineData("emails eq \"ANN@HOME.TEST\"", true)]
    [InlineData("emails co \"home\"", true)]
    [InlineData("emails.type eq \"work\"", true)]
    [InlineData("emails.type ne \"work\"", true)]
    [InlineData("not (emails.type eq \"work\")", false)]
    [InlineData("emails[type eq \"work\" and value co \"home\"]", false)]
    [InlineData("emails.type eq \"work\" and emails.value co \"home\"", true)]
    [InlineData("emails[type eq \"work\"].value eq \"ann@acme.test\"", true)]
    [InlineData("emails[type eq \"home\"].value eq \"ann@acme.test\"", false)]
    [InlineData("emails[primary eq \"True\"]", true)]
    [InlineData("emails[not (primary eq true)]", true)]
    [InlineData("phoneNumbers pr", false)]
    [InlineData("phoneNumbers[type eq \"work\"]", false)]
    [InlineData("x509Certificates.value eq \"AAEC\"", true)]
    [InlineData("x509Certificates.value eq \"aaec\"", false)]
    [InlineData("schemas pr", false)]
    [InlineData("meta.created gt \"2026-01-02T03:04:04Z\"", true)]
    [InlineData("meta.created eq \"2026-01-02T05:04:05+02:00\"", true)]
    [InlineData("meta.created lt \"2026-01-02T03:04:05Z\"", false)]
    [InlineData(Enterprise + ":department eq \"r&d\"", true)]
    [InlineData(Enterprise + ":manager eq \"u9\"", true)]
    [InlineData(Enterprise + ":manager.value eq \"U9\"", false)]
    [InlineData(Enterprise + ":costCenter pr", false)]
    [InlineData(Custom + ":badge eq \"ab1\"", false)]
    [InlineData(Custom + ":grade gt 6.5", true)]
    [InlineData(Custom + ":grade le 6", false)]
    [InlineData(Custom + ":share eq 0.50", true)]
    [InlineData(Custom + ":hired eq \"2020-02-01T08:00:00Z\"", true)]
    [InlineData(Custom + ":remote eq false", true)]
    [InlineData(Custom + ":skills eq \"c#\"", true)]
    [InlineData(Custom + ":skills eq \"rust\"", false)]
    [InlineData("title pr or userName eq \"x\" and userName eq \"y\"", true)]
    [InlineData("(title pr or userName eq \"x\") and userName eq \"y\"", false)]
    public void A_filter_means(string filter, bool matches) => Assert.Equal(matches, Resources.Matches(filter, Ann));

    [Fact]
    public void Groups_and_members_are_found_by_their_values()
    {
        var inGroup = Resources.Ann().Set(UserSchema.Groups, new MultiValue([new ComplexValue().Set(UserSchema.Groups["value"], "g1")]));
        var group = Resources.Read(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"Dev","members":["u1","u2"]}""");

        Assert.True(Resources.Matches("groups.value eq \"g1\"", inGroup));
        Assert.True(Resources.Matches("groups eq \"g1\"", inGroup));
        Assert.False(Resources.Matches("groups[value eq \"G1\"]", inGroup));
        Assert.True(Resources.Matches("members.value eq \"u2\"", group, Resources.Group));
        Assert.True(Resources.Matches("displayName eq \"dev\" and members[value eq \"u1\"]", group, Resources.Group));
        Assert.False(Resources.Matches("members eq \"u3\"", group, Resources.Group));
    }

    [Fact]
    public void A_comparison_allocates_nothing_for_its_values()
    {
        var (filter, plain) = (Resources.Filter("emails.value eq \"x\""), Resources.Filter("userName eq \"x\""));
        for (var i = 0; i < 100; i++) Assert.False(FilterEvaluator.Matches(filter, Ann) | FilterEvaluator.Matches(plain, Ann));
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++) FilterEvaluator.Matches(filter, Ann);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000 * 32); // the evaluator itself
    }

    [Fact]
    public void An_order_of_text_without_case_is_that_of_its_letters()
    {
        Assert.True(Resources.Matches("userName lt \"B\"", Resources.Ann()));
        Assert.False(Resources.Matches("userName gt \"B\"", Resources.Ann()));
    }
}
