namespace CuckooDrive.Clouds.Decorators;

/// <summary>
/// How many calls a second an account takes, found out from its refusals as TCP finds the capacity of a line (RFC 5681): a refusal
/// halves the rate, and then it rises by a constant slope until no limit is needed. Only says when a call may start; waits for
/// nothing. Thread safe.
/// </summary>
/// <param name="recovery">How long the rate takes to rise by what was wanted when the first call was refused.</param>
/// <param name="time">The clock.</param>
internal sealed class AdaptiveRate(TimeSpan recovery, TimeProvider time)
{
    /// <summary>RFC 5681, equation (4): after a loss half of what was under way. (The AWS SDKs' adaptive mode keeps 0.7.)</summary>
    private const double Cut = 0.5;

    /// <summary>
    /// In calls a second; asked more rarely, it would take long to see that the account answers again. As in the AWS SDKs' adaptive mode.
    /// </summary>
    private const double Slowest = 0.5;

    /// <summary>Over which the rate of calls is measured, which is so many calls a second.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    /// <summary>How much of a delay is made up for: timers fire late, at high rates by several calls.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly long _origin = time.GetTimestamp();

    /// <summary>In calls a second; infinite while no limit is in force.</summary>
    private double _limit = double.PositiveInfinity;

    /// <summary>What was sent, in calls a second, when the account refused for the first time.</summary>
    private double _wanted;

    private TimeSpan _next;
    private TimeSpan _pausedUntil;
    private TimeSpan _cutAt = TimeSpan.MinValue;
    private TimeSpan _raisedAt;

    private TimeSpan _windowBegin;
    private int _inWindow;
    private double _lastWindow;

    public bool IsLimited => !double.IsPositiveInfinity(Volatile.Read(ref _limit));

    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>How long the account has asked to be left alone from now on.</summary>
    public TimeSpan Pause
    {
        get
        {
            lock (_gate)
                return Later(_pausedUntil - Now, TimeSpan.Zero);
        }
    }

    /// <summary>Begins a call if one may begin now, and says when that was; otherwise says how long to wait before asking again.</summary>
    public bool TryStart(out TimeSpan started, out TimeSpan wait)
    {
        lock (_gate)
        {
            started = Now;
            wait = Later(_next, _pausedUntil) - started;
            if (IsLimited && wait > TimeSpan.Zero)
                return false;
            Count(started);
            _next = Later(_next, started - Slack) + Interval;
            return true;
        }
    }

    /// <summary>A call was answered: the account takes what it gets.</summary>
    public void Succeeded()
    {
        if (!IsLimited)
            return;
        lock (_gate)
        {
            var now = Now;
            if (now <= _raisedAt)
                return;
            // By the time and not by the call, so that who sends little does not keep an old limit for ever.
            _limit += _wanted * ((now - _raisedAt) / recovery);
            _raisedAt = now;
            if (_limit >= _wanted)
                _limit = double.PositiveInfinity;
        }
    }

    /// <summary>A call that began at <paramref name="started"/> was one too many.</summary>
    public void Refused(TimeSpan started, TimeSpan? retryAfter)
    {
        lock (_gate)
        {
            var now = Now;
            _pausedUntil = Later(_pausedUntil, now + (retryAfter ?? TimeSpan.Zero));
            _raisedAt = Later(now, _pausedUntil);
            // What was under way at the last cut says nothing about the rate since: one cut for each round, as in TCP.
            if (IsLimited && started <= _cutAt)
                return;
            // The rate that was used, which may be far below the one that was allowed.
            var used = Math.Max(_lastWindow, _inWindow / Math.Max(1, (now - _windowBegin) / Window));
            if (!IsLimited)
                _wanted = used;
            _limit = Math.Max(Slowest, Cut * Math.Min(_limit, used));
            _cutAt = now;
            _next = now + Interval;
        }
    }

    private TimeSpan Interval => IsLimited ? TimeSpan.FromSeconds(1 / _limit) : TimeSpan.Zero;

    private void Count(TimeSpan now)
    {
        if (now - _windowBegin >= Window)
        {
            _lastWindow = _inWindow / ((now - _windowBegin) / Window);
            _windowBegin = now;
            _inWindow = 0;
        }
        _inWindow++;
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
