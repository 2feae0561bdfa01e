using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>A host on which a directory may send one request a second.</summary>
public sealed class SlowScimIdp() : IdpHost(new SqliteStore())
{
    protected override void Configure(WebApplicationBuilder builder) => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:Scim:RequestsPerSecond"] = "1" });
}

public sealed class ScimRateTests(SlowScimIdp idp) : IClassFixture<SlowScimIdp>
{
    private const string Discovery = "/ServiceProviderConfig";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_directory_that_sends_too_many_is_told_when_to_go_on_and_no_other_one_is()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (busy, other) = (await idp.CreateDirectoryAsync(organization, Ct), await idp.CreateDirectoryAsync(organization, Ct));

        // Two windows at most lie between the first and the last of these.
        var answers = new List<ScimReply>();
        for (var i = 0; i < 25; i++) answers.Add(await idp.ScimOf(busy).GetAsync(Discovery, Ct));

        var refused = answers.Where(a => a.Status == HttpStatusCode.TooManyRequests).ToList();
        Assert.True(refused.Count is >= 5 and <= 15, $"{refused.Count} refused");
        Assert.All(answers.Take(10), a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.All(refused, a => Assert.InRange(a.Headers.RetryAfter?.Delta ?? default, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)));
        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(other).GetAsync(Discovery, Ct)).Status); // from the same address
    }

    [Fact]
    public async Task Who_has_no_good_token_uses_up_nothing_of_the_directory()
    {
        var made = await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct);
        for (var i = 0; i < 20; i++) Assert.Equal(HttpStatusCode.Unauthorized, (await idp.ScimOf(made, DirectorySecret.New(made.Token.Token.Id)).GetAsync(Discovery, Ct)).Status);

        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(made).GetAsync(Discovery, Ct)).Status);
    }
}

/// <summary>What guessing a token shows by the time it takes.</summary>
public abstract class ScimTimingTests(IdpHost idp)
{
    private const int Samples = 1_000;
    private const int Rounds = 5;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "E6")]
    public async Task A_wrong_secret_of_a_token_that_there_is_takes_as_long_as_one_of_none()
    {
        var made = await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct);
        double difference = 0;
        // On a machine that others use, too, one round may be off; a difference that is there is there in each.
        for (var round = 0; round < Rounds; round++)
        {
            var (known, unknown) = (new List<TimeSpan>(), new List<TimeSpan>());
            for (var i = 0; i < Samples; i++)
            {
                known.Add(await TimeAsync(made, DirectorySecret.New(made.Token.Token.Id)));
                unknown.Add(await TimeAsync(made, DirectorySecret.New(Id<DirectoryToken>.New(TimeProvider.System.GetUtcNow()))));
            }

            difference = Math.Abs(Median(known) / Median(unknown) - 1);
            if (difference < 0.05) return;
        }

        Assert.Fail($"The medians differ by {difference:P1} in each of {Rounds} rounds.");
    }

    private async Task<TimeSpan> TimeAsync(MadeDirectory made, string token)
    {
        var since = Stopwatch.GetTimestamp();
        var answer = await idp.ScimOf(made, token).GetAsync("/ServiceProviderConfig", Ct);
        var took = Stopwatch.GetElapsedTime(since);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
        return took;
    }

    private static double Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2).TotalMicroseconds;
}

[Collection(SqliteHost.Name)]
public sealed class ScimTimingOnSqlite(SqliteIdp idp) : ScimTimingTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class ScimTimingOnPostgreSql(PostgreSqlIdp idp) : ScimTimingTests(idp);
