using System.Security.Cryptography;
using System.Text;
using TenantIdP.Client;
using Xunit;

namespace TenantIdP.Tests.Client;

[Trait("Attack", "H1")]
public sealed class WebhookSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Next = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", Foreign = "whsec_plJ3nmyCDGBKInavdOK15jsl1tjaJkVl";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);

    /// <summary>The example of the Standard Webhooks libraries, so that it is not only ours that agrees with ours.</summary>
    [Fact]
    public void The_published_example_verifies() => Assert.Equal(
        WebhookVerdict.Valid,
        WebhookSignature.Verify([Secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "{\"test\": 2432232314}"u8, Now));

    [Theory]
    [InlineData(0, WebhookVerdict.Valid)]
    [InlineData(300, WebhookVerdict.Valid)]
    [InlineData(-300, WebhookVerdict.Valid)]
    [InlineData(301, WebhookVerdict.OutsideWindow)]
    [InlineData(-301, WebhookVerdict.OutsideWindow)]
    public void An_old_delivery_sent_again_is_refused(int secondsLater, WebhookVerdict expected) =>
        Assert.Equal(expected, Verify(signatures: Sign(Secret), later: secondsLater));

    [Fact]
    public void A_changed_body_id_or_time_is_not_signed()
    {
        var signature = Sign(Secret);

        Assert.Equal(WebhookVerdict.NotSigned, Verify(signatures: signature, body: "{\"paid\":true }"));
        Assert.Equal(WebhookVerdict.NotSigned, Verify(signatures: signature, id: "msg_2"));
        Assert.Equal(WebhookVerdict.NotSigned, Verify(signatures: signature, timestamp: Now.AddSeconds(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(WebhookVerdict.NotSigned, Verify(signatures: Sign(Foreign)));
        Assert.Equal(WebhookVerdict.NotSigned, WebhookSignature.Verify([], "msg_1", Timestamp, signature, "{\"paid\":true}"u8, Now));
    }

    [Fact]
    public void While_secrets_rotate_either_side_may_be_ahead()
    {
        Assert.Equal(WebhookVerdict.Valid, Verify(signatures: $"{Sign(Foreign)} {Sign(Next)}", secrets: [Next])); // the sender signs by both
        Assert.Equal(WebhookVerdict.Valid, Verify(signatures: Sign(Secret), secrets: [Next, Secret])); // the receiver knows both
        Assert.Equal(WebhookVerdict.NotSigned, Verify(signatures: Sign(Secret), secrets: [Next])); // and after it, the old one is nothing
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1,")]
    [InlineData("v1,AAAA")]
    [InlineData("v1,not base64")]
    [InlineData("v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    public void What_is_no_signature_of_version_1_is_none(string signatures) => Assert.NotEqual(WebhookVerdict.Valid, Verify(signatures));

    [Fact]
    public void A_good_signature_of_another_version_name_does_not_count() => Assert.Equal(WebhookVerdict.NotSigned, Verify("v2," + Sign(Secret)[3..]));

    [Theory]
    [InlineData(null, "1614265330")]
    [InlineData("", "1614265330")]
    [InlineData("msg.1", "1614265330")]
    [InlineData("msg_1", null)]
    [InlineData("msg_1", "")]
    [InlineData("msg_1", "-1614265330")]
    [InlineData("msg_1", " 1614265330")]
    [InlineData("msg_1", "1614265330.0")]
    [InlineData("msg_1", "9223372036854775807")]
    public void Headers_that_cannot_be_read_are_malformed(string? id, string? timestamp) =>
        Assert.Equal(WebhookVerdict.Malformed, WebhookSignature.Verify([Secret], id, timestamp, Sign(Secret), "{\"paid\":true}"u8, Now));

    [Theory, InlineData("whsec_"), InlineData("whsec_not base64"), InlineData("c2hvcnQ=")]
    public void A_secret_that_is_none_is_a_mistake_in_the_settings(string secret) =>
        Assert.Throws<FormatException>(() => Verify(Sign(Secret), secrets: [secret]));

    private static string Timestamp => Now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static WebhookVerdict Verify(string signatures, string id = "msg_1", string? timestamp = null, string body = "{\"paid\":true}", int later = 0, string[]? secrets = null) =>
        WebhookSignature.Verify(secrets ?? [Secret], id, timestamp ?? Timestamp, signatures, Encoding.UTF8.GetBytes(body), Now.AddSeconds(later));

    private static string Sign(string secret) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"msg_1.{Timestamp}.{{\"paid\":true}}")));
}
