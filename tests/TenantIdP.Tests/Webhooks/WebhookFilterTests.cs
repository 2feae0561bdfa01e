using TenantIdP.Core.Events;
using TenantIdP.Core.Webhooks;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

public sealed class WebhookFilterTests
{
    [Theory]
    [InlineData("member.joined", true)]
    [InlineData("member.*", true)]
    [InlineData("saml_key.*", true)]
    [InlineData("*", true)]
    [InlineData("member.joind", false)] // a type that does not exist would never come
    [InlineData("saml.*", false)]
    [InlineData("member.", false)]
    [InlineData("member*", false)]
    [InlineData("*.joined", false)]
    [InlineData("member.joined.*", false)]
    [InlineData("m.*", false)]
    [InlineData("**", false)]
    [InlineData("", false)]
    [InlineData("MEMBER.*", false)]
    [InlineData("webhook.test", false)]
    public void A_pattern_names_something_that_exists(string pattern, bool valid) => Assert.Equal(valid, WebhookFilter.IsValid(pattern));

    [Fact]
    public void Patterns_let_through_what_they_name_and_nothing_else()
    {
        Assert.True(WebhookFilter.Matches(["app.created", "member.*"], "member.joined"));
        Assert.True(WebhookFilter.Matches(["app.created", "member.*"], "app.created"));
        Assert.False(WebhookFilter.Matches(["app.created", "member.*"], "app.updated"));
        Assert.False(WebhookFilter.Matches(["key.*"], "saml_key.created"));
        Assert.False(WebhookFilter.Matches(["member.*"], "memberships.changed"));
        Assert.All(EventTypes.All, type => Assert.True(WebhookFilter.Matches(["*"], type)));
    }
}

public sealed class WebhookScheduleTests
{
    [Fact]
    public void There_are_twelve_tries_within_three_days()
    {
        Assert.Equal(12, WebhookSchedule.Schedule.Tries);
        var waits = Enumerable.Range(1, 11).Select(tries => WebhookSchedule.Schedule.After(tries, null)!.Value).ToList(); // eleven waits between twelve tries
        Assert.Null(WebhookSchedule.Schedule.After(12, null));
        Assert.InRange(waits.Sum(w => w.TotalHours), 72 * 0.78, 72 * 1.2);
        Assert.InRange(waits[0].TotalSeconds, 4, 6);
    }
}

public sealed class WebhookSigningTests
{
    /// <summary>The example of the Standard Webhooks libraries.</summary>
    [Fact]
    public void The_published_example_is_signed_as_published() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSigning.Sign([Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"u8));

    [Fact]
    public void Two_live_secrets_give_two_signatures_in_one_header() =>
        Assert.Equal(2, WebhookSigning.Sign([new byte[32], [.. Enumerable.Repeat((byte)1, 32)]], "evt_1", 1, "{}"u8).Split(' ').Distinct().Count());

    [Fact]
    public void An_id_with_a_dot_is_not_signed() => Assert.Throws<ArgumentException>(() => WebhookSigning.Sign([new byte[32]], "evt.1", 1, "{}"u8));
}
