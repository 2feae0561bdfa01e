using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Scim;
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

/// <summary>A host on which an address may send three requests a minute without a good token.</summary>
public sealed class GuessedScimIdp() : IdpHost(new SqliteStore())
{
    public const int Most = 3;

    protected override void Configure(WebApplicationBuilder builder) => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["TenantIdP:RateLimits:AnonymousRequestsPerMinute"] = $"{Most}" });
}

public sealed class ScimGuessTests(GuessedScimIdp idp) : IClassFixture<GuessedScimIdp>
{
    private const string Discovery = "/ServiceProviderConfig";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "E6")]
    public async Task An_address_that_guesses_tokens_is_not_looked_up_any_more_and_a_directory_behind_it_goes_on()
    {
        var (known, fresh) = (await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct), await idp.CreateDirectoryAsync(await idp.CreateOrganizationAsync(Ct), Ct));
        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(known).GetAsync(Discovery, Ct)).Status);

        for (var i = 0; i < GuessedScimIdp.Most; i++) Assert.Equal(HttpStatusCode.Unauthorized, (await GuessAsync()).Status);
        var refused = await GuessAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.InRange(refused.Headers.RetryAfter?.Delta ?? default, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await idp.ScimOf(fresh).GetAsync(Discovery, Ct)).Status); // never seen here: it isn't asked for
        Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(known).GetAsync(Discovery, Ct)).Status);

        Task<ScimReply> GuessAsync() => idp.ScimOf(known, DirectorySecret.New(known.Token.Token.Id)).GetAsync(Discovery, Ct);
    }
}

/// <summary>Searches that no index answers.</summary>
public abstract class ScimWalkTests(IdpHost idp)
{
    private const string Walk = "/Users?filter=title%20co%20%22x%22", Sort = "/Users?sortBy=title", GroupWalk = "/Groups?filter=displayName%20co%20%22x%22";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "G5")]
    public async Task A_directory_has_two_searches_of_everybody_at_once_and_a_third_is_told_to_come_again()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (busy, other) = (await idp.CreateDirectoryAsync(organization, Ct), await idp.CreateDirectoryAsync(organization, Ct));
        for (var i = 0; i < 5; i++) await OkAsync(busy, Walk); // each gives its place back
        var walks = idp.Services.GetRequiredService<ScimWalks>();
        var (first, second) = (walks.TryBegin(busy.Directory.Id), walks.TryBegin(busy.Directory.Id));

        foreach (var search in (string[])[Walk, Sort, GroupWalk])
        {
            var refused = await idp.ScimOf(busy).GetAsync(search, Ct);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
            Assert.Equal(ScimWalks.Pause, refused.Headers.RetryAfter?.Delta);
        }

        await OkAsync(busy, "/Users?filter=userName%20eq%20%22x%22");
        await OkAsync(other, Walk);
        first!.Dispose(); // there was a place
        first.Dispose();
        await OkAsync(busy, Sort);
        Assert.NotNull(walks.TryBegin(busy.Directory.Id));
        Assert.Null(walks.TryBegin(busy.Directory.Id));
        second!.Dispose(); // as above
    }

    private async Task OkAsync(MadeDirectory directory, string search) => Assert.Equal(HttpStatusCode.OK, (await idp.ScimOf(directory).GetAsync(search, Ct)).Status);
}

[Collection(SqliteHost.Name)]
public sealed class ScimWalksOnSqlite(SqliteIdp idp) : ScimWalkTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class ScimWalksOnPostgreSql(PostgreSqlIdp idp) : ScimWalkTests(idp);

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
