using System.Globalization;

namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// How many bytes a second may pass, at all times or by the time of day: <c>10M</c>, or <c>08:00-18:00 1M, else 10M</c>. Periods
/// are in local time, the first that holds the moment counts, one may go past midnight, and outside of all of them (without
/// <c>else</c>) there is no limit. K, M and G are powers of 1024; <c>unlimited</c> is no limit. Immutable.
/// </summary>
public sealed class BandwidthLimit : IEquatable<BandwidthLimit>
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly List<Period> _periods;

    /// <summary>Where the rate may change, within a day, in order; begins with midnight.</summary>
    private readonly TimeSpan[] _changes;

    private BandwidthLimit(IEnumerable<Period> periods)
    {
        _periods = [.. periods];
        _changes = [.. _periods.SelectMany(each => (TimeSpan[])[each.From, each.To]).Append(TimeSpan.Zero).Where(each => each < Day).Distinct().Order()];
    }

    /// <summary>The same rate at all times, in bytes a second; at least 1.</summary>
    public static implicit operator BandwidthLimit(long bytesPerSecond) => FromRate(bytesPerSecond);

    /// <summary>The same rate at all times, in bytes a second; at least 1.</summary>
    public static BandwidthLimit FromRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, 1);
        return new BandwidthLimit([new Period(TimeSpan.Zero, Day, bytesPerSecond)]);
    }

    /// <exception cref="FormatException">It is no limit; the message says how to write one.</exception>
    public static BandwidthLimit Parse(string text)
    {
        var entries = text.Split(',', StringSplitOptions.TrimEntries);
        return new BandwidthLimit(entries.Select((entry, index) => ParsePeriod(entry, index == entries.Length - 1)));
    }

    /// <summary>Bytes a second at a time of day; null for no limit.</summary>
    public long? RateAt(TimeOnly time) => RateAt(time.ToTimeSpan());

    /// <summary>
    /// When bytes that begin to pass at a local time have passed, whatever changes come in between. A clock that is put forward or
    /// back meanwhile counts from the next bytes on.
    /// </summary>
    public DateTime Pass(DateTime local, long bytes)
    {
        var left = (double)bytes;
        while (left > 0 && RateAt(local.TimeOfDay) is { } rate)
        {
            var next = NextChange(local);
            var room = (next - local).TotalSeconds * rate;
            if (left <= room)
                return local + TimeSpan.FromSeconds(left / rate);
            left -= room;
            local = next;
        }
        return local;
    }

    public bool Equals(BandwidthLimit? other) => other is not null && _periods.SequenceEqual(other._periods);

    public override bool Equals(object? obj) => Equals(obj as BandwidthLimit);

    public override int GetHashCode() => _periods.Aggregate(0, HashCode.Combine);

    private long? RateAt(TimeSpan time) => _periods.FirstOrDefault(period => period.Holds(time))?.Rate;

    private DateTime NextChange(DateTime local)
    {
        var time = local.TimeOfDay;
        var next = Array.Find(_changes, change => change > time);
        return local.Date + (next == TimeSpan.Zero ? Day : next);
    }

    private static Period ParsePeriod(string entry, bool isLast)
    {
        switch (entry.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            case [var rate] when isLast:
                return new Period(TimeSpan.Zero, Day, ParseRate(rate));
            case ["else", var rate] when isLast:
                return new Period(TimeSpan.Zero, Day, ParseRate(rate));
            case [var times, var rate] when times.Split('-') is [var from, var to]:
                var period = new Period(ParseTime(from), ParseTime(to), ParseRate(rate));
                return period.From != period.To ? period : throw Wrong(entry);
            default:
                throw Wrong(entry);
        }
    }

    private static TimeSpan ParseTime(string text) =>
        text == "24:00" ? Day
        : TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time.ToTimeSpan()
        : throw Wrong(text);

    private static long? ParseRate(string text)
    {
        if (text == "unlimited")
            return null;
        var shift = text[^1] switch { 'K' or 'k' => 10, 'M' or 'm' => 20, 'G' or 'g' => 30, _ => 0 };
        var number = shift == 0 ? text : text[..^1];
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 1L << 32
            ? value << shift
            : throw Wrong(text);
    }

    private static FormatException Wrong(string part) => new(
        $"'{part}' is no limit of bandwidth; write bytes a second such as 10M, or '08:00-18:00 1M, else 10M', with 'unlimited' for none.");

    private sealed record Period(TimeSpan From, TimeSpan To, long? Rate)
    {
        public bool Holds(TimeSpan time) => From <= To ? time >= From && time < To : time >= From || time < To;
    }
}
