using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>What each way to sign in says of itself.</summary>
public sealed class SessionProofTests
{
    private static readonly DateTimeOffset At = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, (SessionProof Proof, string[] Amr, string Acr, bool Own)> Ways = new()
    {
        ["password"] = (SessionProof.Password(At), ["pwd"], AcrValues.OneFactor, true),
        ["mailed code"] = (SessionProof.Mailbox(At), ["email"], AcrValues.OneFactor, false),
        ["password and code"] = (SessionProof.Password(At).WithSecondFactor(At, "otp"), ["pwd", "otp", "mfa"], AcrValues.TwoFactors, true),
        ["password and recovery code"] = (SessionProof.Password(At).WithSecondFactor(At, "recovery"), ["pwd", "recovery", "mfa"], AcrValues.TwoFactors, true),
        ["mailed code and code"] = (SessionProof.Mailbox(At).WithSecondFactor(At, "otp"), ["email", "otp", "mfa"], AcrValues.TwoFactors, false),
        ["passkey of a device"] = (SessionProof.Passkey(At, true, true), ["hwk", "user", "mfa"], AcrValues.PhishingResistant, true),
        ["synced passkey"] = (SessionProof.Passkey(At, true, false), ["swk", "user", "mfa"], AcrValues.PhishingResistant, true),
        ["passkey without verification"] = (SessionProof.Passkey(At, false, false), ["swk"], AcrValues.OneFactor, true),
        ["passkey without verification, and code"] = (SessionProof.Passkey(At, false, true).WithSecondFactor(At, "otp"), ["hwk", "otp", "mfa"], AcrValues.TwoFactors, true),
        ["identity provider"] = (new SessionProof(Id<Core.Connections.Connection>.New(At), null, At, ["fed"]), ["fed"], AcrValues.OneFactor, false),
        ["identity provider that says pwd"] = (new SessionProof(Id<Core.Connections.Connection>.New(At), null, At, ["fed", "pwd"]), ["fed", "pwd"], AcrValues.OneFactor, false),
    };

    public static TheoryData<string> Names => [.. Ways.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_proof_says_what_was_shown_and_no_more(string name)
    {
        var (proof, amr, acr, own) = Ways[name];

        Assert.Equal((string.Join(' ', amr), acr, own), (string.Join(' ', proof.Amr), AcrValues.Of(proof), proof.IsOwnCredential));
        var stored = JsonSerializer.Deserialize<SessionProof>(JsonSerializer.Serialize(proof, JsonText.Options), JsonText.Options)!; // just written
        Assert.Equal((string.Join(' ', amr), acr, proof.MfaAt, proof.At), (string.Join(' ', stored.Amr), AcrValues.Of(stored), stored.MfaAt, stored.At));
    }

    [Fact]
    public void A_row_of_an_earlier_version_is_one_factor()
    {
        var proof = JsonSerializer.Deserialize<SessionProof>("""{"at":"2026-01-02T03:04:05+00:00","amr":["pwd"],"isOwnCredential":true}""", JsonText.Options)!; // as written

        Assert.Equal((AcrValues.OneFactor, true, null), (AcrValues.Of(proof), proof.IsOwnCredential, proof.MfaAt));
    }

    [Fact]
    public void Of_two_second_factors_the_newer_is_named_and_its_time_counts()
    {
        var proof = SessionProof.Password(At).WithSecondFactor(At.AddMinutes(1), "recovery").WithSecondFactor(At.AddHours(1), "otp");

        Assert.Equal(["pwd", "otp", "mfa"], proof.Amr);
        Assert.Equal((At, At.AddHours(1), At.AddHours(1)), (proof.At, proof.MfaAt, proof.ChangedAt));
        Assert.Throws<ArgumentOutOfRangeException>(() => proof.WithSecondFactor(At, "pwd"));
    }

    [Fact]
    [Trait("Attack", "D8")]
    public void A_second_factor_gives_every_proof_its_weight_and_the_browser_a_new_token()
    {
        var connection = Id<Core.Connections.Connection>.New(At);
        var (session, first) = Session.Start(Id<User>.New(At), SessionProof.Password(At), TimeSpan.FromDays(1), null, At);
        var second = session.Prove(new SessionProof(connection, null, At.AddMinutes(1), ["fed"]), At.AddMinutes(1));
        var third = session.Strengthen(ProofMethods.Otp, At.AddMinutes(2));

        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());
        Assert.Equal(MachineSecret.Hash(third), session.TokenHash);
        Assert.Equal(["pwd otp mfa", "fed otp mfa"], session.Proofs.Select(p => string.Join(' ', p.Amr)));

        session.Prove(SessionProof.Password(At.AddMinutes(3)), At.AddMinutes(3)); // a new first factor is one factor
        Assert.Equal(["fed otp mfa", "pwd"], session.Proofs.Select(p => string.Join(' ', p.Amr)));
    }
}
